/* SPDX-License-Identifier: Apache-2.0 */
/* A tile's vectors as an .npz file, which NumPy reads and writes.
 *
 * The configuration says which tile of which chip this is; the file brings the data. Arrays are of
 * any integer type when read (this table's when written); V vectors, N = V / W neurons' positions,
 * P backward positions, T correlation terms, W window (4 behind a 2x2 max pool, else 1), R
 * wordlines and U output channels in use.
 *
 *   tile           i32 [4]        layer, row block, column block, 1 for its feedback arrays (else
 *                                 0); left out: the caller's choice
 *   formats        u8  [bytes]    text: a line for each array of codes, its name and its format
 *                                 (epx_code_formats.h); a format that is not the configuration's is
 *                                 refused; left out: taken to be the configuration's
 *   weight         i8  [R, U]     synapse codes; left out: the rounded `shadow`
 *   lfsr           u32 []         rounding register, not 0; left out: its state before training
 *   written        u32 [R, U]     of devices that are not ideal: numbers of the cells' writes, of
 *                                 which errors of programming are drawn; left out: 0
 *   adc_reaches    i64 [L, 2]     of converters that follow a batch (chip.array.adc.reach): low and
 *                                 high of what each column reaches, then each row, slice by slice,
 *                                 in whole digits; left out, or high not above low: as their
 *                                 digits have it
 *   draw           u32 [4]        of what noise is drawn: number of the first image, images, number
 *                                 of their command that reads the array; and number of the update
 *                                 (rtl_model/sc/tile/epx_sc_tile.h); left out: 0, 1, 0, 1
 *
 *   x              u8  [V, R]     wordline codes (layer 0: code + 2^(bits-1)), window by window
 *   psum_in        i64 [V, U]     optional: partial sums of the row blocks before, 32 bits
 *   operand        i64 [N, U]     optional: bias + feedback + nudge, at the accumulator's fraction,
 *                                 32 bits; with it the tile pools and fires; never of the read-out
 *                                 and of feedback arrays
 *
 *   post           i32 [P, U]     post codes of the backward product; of the read-out errors, -2^15
 *                                 to 2^15
 *   post_switches  u8  [P, U]     their places in the window, 0 to W-1; W = 1: may be left out
 *
 *   coefficient    i32 [T]        of the correlation terms, -8 to 8
 *   pre            u8  [T, W, R]  wordline codes of the terms
 *   term_post      i32 [T, U]     post codes, likewise
 *   term_switches  u8  [T, U]     likewise
 *
 *   shadow         i32 [R, U]     with shadow and velocity an update follows; where pulses move the
 *                                 weights, limited to the bounds of each cell
 *   velocity       i32 [R, U]
 *   bias           i32 [U]        with an update of row block 0
 *   bias_velocity  i32 [U]
 *   circuit        i32 [2, 4, 2]  constants of the update, of weights and of biases: gradient,
 *                                 momentum, decay, rate, each mantissa (0 or 2^15 to 2^16 - 1) and
 *                                 shift (-15 to 62); left out: the configuration's
 *
 * Expected results, each optional: expect.psum i64 [V, U]; expect.switches, expect.state u8 [N, U];
 * expect.backward i64 [P, W, R]; expect.correlation i64 [R, U]; expect.bias_correlation i64 [U];
 * and the registers after the update, expect.shadow, .velocity, .weight, .bias, .bias_velocity,
 * .lfsr, .written, shaped as above. */
#ifndef EPX_TILE_NPZ_H
#define EPX_TILE_NPZ_H

#include "epx_tile_vectors.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The tile that an archive names; *given false and zeros where it names none. `label`: path, for
 * messages. */
EPX_CHECKED epx_status_t epx_tile_npz_place(const epx_npz_t *npz, const char *label,
                                            epx_tile_place_t *place, bool *given,
                                            epx_error_t *error);

/* Vectors from an archive. Errors name the file, the array and what was found and expected:
 * EPX_ERR_NOT_FOUND (an array that others need), EPX_ERR_FORMAT (an unknown name, a shape, a type,
 * other formats than those of the setup, a code outside its format, constants that could overflow
 * 64 bits). */
EPX_CHECKED epx_status_t epx_tile_npz_read(const epx_npz_t *npz, const char *label,
                                           const epx_tile_setup_t *setup,
                                           epx_tile_vectors_t **vectors, epx_error_t *error);

/* Whether the archive says in which formats its codes are. */
bool epx_tile_npz_says_formats(const epx_npz_t *npz);

/* Writes vectors and what is expected of them, atomically. */
EPX_CHECKED epx_status_t epx_tile_npz_write(const char *path, const epx_tile_vectors_t *vectors,
                                            epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
