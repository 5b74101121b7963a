/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of the codes in a tile's vectors (epx_code_formats.h). Not for callers. */
#ifndef EPX_TILE_FORMATS_H
#define EPX_TILE_FORMATS_H

#include "epx_code_formats.h"
#include "epx_tile_vectors.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_TILE_FORMATS = EPX_TILE_INPUTS + EPX_TILE_OUTPUTS };

/* Of every array whose numbers a format gives their meaning; returns how many. */
size_t epx_tile_formats(const epx_tile_setup_t *setup, epx_code_format_t formats[EPX_TILE_FORMATS]);

#ifdef __cplusplus
}
#endif
#endif
