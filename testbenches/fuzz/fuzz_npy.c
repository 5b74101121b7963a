/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a .npy stream; what is accepted must be measured consistently. */
#include "epx_npy.h"
#include "fuzz_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  epx_error_t error = {{0}};
  size_t prefix = 0, text = 0, count = 0, bytes = 0;
  const size_t taken = size < EPX_NPY_PREFIX_SIZE ? size : EPX_NPY_PREFIX_SIZE;
  epx_status_t status = epx_npy_parse_prefix(data, taken, "x", &prefix, &text, &error);
  fuzz_check(status, &error);
  if (status != EPX_OK || prefix > size || text > size - prefix) {
    return 0;
  }
  epx_npy_header_t header;
  status = epx_npy_parse_text((const char *)data + prefix, text, "x", &header, &error);
  fuzz_check(status, &error);
  if (status == EPX_OK &&
      (epx_npy_measure(header.dtype, header.dimensions, header.shape, &count, &bytes) != EPX_OK ||
       bytes != header.bytes || bytes != count * epx_dtype_size(header.dtype))) {
    fuzz_fail("a header that measures differently", "");
  }
  return 0;
}
