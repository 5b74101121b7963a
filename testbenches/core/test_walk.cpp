// SPDX-License-Identifier: Apache-2.0
// Is the order of phases that of the method, for every estimator?
#include <string>

#include "core/core_support.h"
#include "epx_walk.h"

namespace {

// An act as text: "relax 3 at 0.5".
epx_status_t write_act(void *context, const epx_act_t *act, epx_error_t *error) {
  static const char *const names[] = {"present", "relax",      "predict", "keep",
                                      "recall",  "accumulate", "update"};
  std::string &text = *static_cast<std::string *>(context);
  char line[96];
  snprintf(line, sizeof line, "%s", names[act->kind]);
  if (act->kind == EPX_ACT_RELAX) {
    snprintf(line, sizeof line, "relax %d at %g", act->steps, act->beta);
  }
  if (act->kind == EPX_ACT_ACCUMULATE) {
    snprintf(line, sizeof line, "accumulate %d,%d", act->terms.coefficient,
             act->terms.readout_coefficient);
  }
  text += (text.empty() ? "" : "; ") + std::string(line);
  return text.size() > 1000 ? epx_fail(error, EPX_ERR_IO, "enough") : EPX_OK;
}

struct Walk {
  epx_dynamics_t dynamics = {3, 2, {}};
  epx_estimator_t estimator = {};
  std::string text;
  epx_walk_t of(epx_estimator_kind_t kind, int sign = 1) {
    estimator.kind = kind;
    estimator.beta = 0.5;
    return {&dynamics, &estimator, sign, write_act, &text};
  }
};

const char kFree[] = "present; relax 3 at 0; predict; keep";

TEST(Walk, TakesTheFreePartThenEachPhaseThenUpdates) {
  const struct {
    epx_estimator_kind_t kind;
    int sign;
    const char *nudged;
  } cases[] = {
      {EPX_ESTIMATOR_SYMMETRIC, 1,
       "recall; relax 2 at 0.5; accumulate 1,1; recall; relax 2 at -0.5; accumulate -1,1"},
      {EPX_ESTIMATOR_ONE_SIDED, 1,
       "recall; relax 2 at 0.5; accumulate 1,1; recall; accumulate -1,0"},
      {EPX_ESTIMATOR_ONE_SIDED, -1,
       "recall; relax 2 at 0.5; accumulate 1,1; recall; accumulate -1,0"},
      {EPX_ESTIMATOR_RANDOM_SIGN, -1,
       "recall; relax 2 at -0.5; accumulate -1,1; recall; accumulate 1,0"},
      {EPX_ESTIMATOR_RICHARDSON, 1,
       "recall; relax 2 at 0.5; accumulate 8,4; recall; relax 2 at -0.5; accumulate -8,4; "
       "recall; relax 2 at 1; accumulate -1,-1; recall; relax 2 at -1; accumulate 1,-1"},
  };
  for (const auto &c : cases) {
    Walk walk;
    const epx_walk_t all = walk.of(c.kind, c.sign);
    ASSERT_EQ(epx_walk_training(&all, 1, nullptr), EPX_OK);
    EXPECT_EQ(walk.text, std::string(kFree) + "; " + c.nudged + "; update");
  }
}

TEST(Walk, RelaxesTheFreeLegWhereItContinues) {
  Walk walk;
  const epx_walk_t all = walk.of(EPX_ESTIMATOR_ONE_SIDED);
  walk.estimator.free_leg = EPX_FREE_LEG_CONTINUE;
  ASSERT_EQ(epx_walk_nudged(&all, nullptr), EPX_OK);
  EXPECT_EQ(walk.text,
            "recall; relax 2 at 0.5; accumulate 1,1; recall; relax 2 at 0; accumulate -1,0");
}

TEST(Walk, UpdatesAfterEveryStepOfAContinualPhase) {
  Walk walk;
  const epx_walk_t all = walk.of(EPX_ESTIMATOR_ONE_SIDED);
  ASSERT_EQ(epx_walk_continual(&all, nullptr), EPX_OK);
  EXPECT_EQ(walk.text,
            "recall; accumulate -1,0; relax 1 at 0.5; accumulate 1,0; update; "
            "accumulate -1,0; relax 1 at 0.5; accumulate 1,1; update");
}

TEST(Walk, InfersWithoutKeepingTheFreeState) {
  Walk walk;
  const epx_walk_t all = walk.of(EPX_ESTIMATOR_SYMMETRIC);
  ASSERT_EQ(epx_walk_inference(&all, nullptr), EPX_OK);
  EXPECT_EQ(walk.text, "present; relax 3 at 0; predict");
}

TEST(Walk, RepeatsPresentationsAndUpdatesOnce) {
  Walk walk;
  const epx_walk_t all = walk.of(EPX_ESTIMATOR_ONE_SIDED);
  ASSERT_EQ(epx_walk_training(&all, 3, nullptr), EPX_OK);
  size_t presents = 0, updates = 0;
  for (size_t at = 0; (at = walk.text.find("present", at)) != std::string::npos; ++at) ++presents;
  for (size_t at = 0; (at = walk.text.find("update", at)) != std::string::npos; ++at) ++updates;
  EXPECT_EQ(presents, 3u);
  EXPECT_EQ(updates, 1u);
}

TEST(Walk, EndsWithTheObserversFailure) {
  Walk walk;
  walk.text = std::string(1000, '-');
  const epx_walk_t all = walk.of(EPX_ESTIMATOR_SYMMETRIC);
  epx_error_t error = {};
  EXPECT_EQ(epx_walk_training(&all, 1, &error), EPX_ERR_IO);
  EXPECT_STREQ(error.message, "enough");
  EXPECT_EQ(walk.text, std::string(1000, '-') + "; present");
}

}  // namespace
