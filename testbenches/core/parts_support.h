/* SPDX-License-Identifier: Apache-2.0 */
/* A mini-batch whose samples two substrates hold must end as in one that holds them all. */
#ifndef EPX_PARTS_SUPPORT_H
#define EPX_PARTS_SUPPORT_H

#include <functional>

#include "core/core_support.h"

inline epx_batch_t part_of(const Batch &batch, size_t image, int first, int end) {
  return {batch.x.data() + (size_t)first * image,
          EPX_DTYPE_F32,
          batch.labels.data() + first,
          end - first,
          first,
          batch.n};
}

/* Free and nudged phases of a part; its losses go to their places. */
inline void estimate_part(epx_substrate_t *substrate, const epx_batch_t &part, double *loss) {
  const epx_dynamics_t dynamics = {6, 3};
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
  std::vector<uint8_t> predicted((size_t)part.n + 1);
  epx_error_t error = {};
  ASSERT_EPX_OK(
      epx_ep_free(substrate, &dynamics, &part, loss + part.first, predicted.data(), &error), error);
  ASSERT_EPX_OK(epx_ep_nudged(substrate, &dynamics, &estimator, 1, &error), error);
}

inline std::vector<uint8_t> sums_of(epx_substrate_t *substrate) {
  const size_t size = epx_dtype_size(substrate->ops->sums_dtype);
  std::vector<uint8_t> sums(epx_substrate_sums_count(substrate) * size);
  epx_substrate_sums(substrate, EPX_SUMS_GET, sums.data());
  return sums;
}

/* Counts of conversions are those of the samples held. `cut`: samples in the first part. Sums are
 * added in one, set in the other; both then update. */
inline void expect_parts_make_the_whole(const std::function<Substrate()> &make, const Batch &batch,
                                        int cut) {
  static const char counted[] = "twin.clips";
  const Substrate whole = make(), first = make(), second = make();
  const size_t image = batch.x.size() / (size_t)batch.n;
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
  epx_update_rule_t rule = {};
  for (double &rate : rule.learning_rate) rate = 0.1;
  rule.momentum = 0.9;
  std::vector<double> loss((size_t)batch.n), parts((size_t)batch.n);
  for (int step = 0; step < 2; ++step) {
    estimate_part(whole.get(), part_of(batch, image, 0, batch.n), loss.data());
    estimate_part(first.get(), part_of(batch, image, 0, cut), parts.data());
    estimate_part(second.get(), part_of(batch, image, cut, batch.n), parts.data());
    EXPECT_EQ(loss, parts);
    std::vector<uint8_t> sums = sums_of(second.get());
    epx_substrate_sums(first.get(), EPX_SUMS_ADD, sums.data());
    sums = sums_of(first.get());
    epx_substrate_sums(second.get(), EPX_SUMS_SET, sums.data());
    EXPECT_TRUE(sums == sums_of(whole.get())) << "sums differ";
    for (const Substrate *substrate : {&whole, &first, &second}) {
      update(substrate->get(), &estimator, &rule);
    }
    const std::string expected = saved_bytes(whole.get(), counted);
    EXPECT_TRUE(saved_bytes(first.get(), counted) == expected) << "registers differ";
    EXPECT_TRUE(saved_bytes(second.get(), counted) == expected) << "registers differ";
  }
}

#endif
