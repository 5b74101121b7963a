/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, 64 bits: fingerprints of data, keys of tables. Not for secrets.
 * Source: Fowler, Noll, Vo, draft-eastlake-fnv. */
#ifndef EPX_HASH_H
#define EPX_HASH_H

#include <stddef.h>
#include <stdint.h>

#define EPX_HASH_START UINT64_C(0xcbf29ce484222325)

/* The hash of what `hash` has seen so far (EPX_HASH_START: nothing) and then data[size]. */
static inline uint64_t epx_hash_bytes(uint64_t hash, const void *data, size_t size) {
  const unsigned char *byte = data;
  for (size_t i = 0; i < size; ++i) {
    hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
  }
  return hash;
}

#endif
