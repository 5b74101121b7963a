/* SPDX-License-Identifier: Apache-2.0 */
/* EPX_CLONES before a function compiles it for several x86 instruction sets, chosen at run time.
 *
 * For plain loops that the compiler vectorises. All clones give the same bits: integers are exact
 * and no floating-point multiply-add is fused (-ffp-contract=off is global). */
#ifndef EPX_CLONES_H
#define EPX_CLONES_H

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define EPX_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define EPX_CLONES
#endif

#endif
