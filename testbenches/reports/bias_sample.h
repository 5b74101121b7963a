/* SPDX-License-Identifier: Apache-2.0 */
/* A record of gradient bias that follows the law exactly, for tests of the report. */
#ifndef BIAS_SAMPLE_H
#define BIAS_SAMPLE_H

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "epx_bias_record.h"
#include "epx_gdu_record.h"

/* One estimate of a network with average pooling; change what a test needs. */
struct BiasSample {
  std::string pool = "avg", switches = "live", update = "synchronous", estimator = "symmetric",
              state = "float64", synapse = "exact", rung = "finite_beta", reference = "bptt";
  double beta = 0.1;
  int free_steps = 250, nudged_steps = 30;

  epx_bias_row_t row(const std::string &layer, double error) const {
    epx_bias_row_t made = {};
    strcpy(made.pool, pool.c_str());
    strcpy(made.switches, switches.c_str());
    strcpy(made.update, update.c_str());
    strcpy(made.estimator, estimator.c_str());
    strcpy(made.state, state.c_str());
    strcpy(made.synapse, synapse.c_str());
    strcpy(made.rung, rung.c_str());
    strcpy(made.reference, reference.c_str());
    strcpy(made.layer, layer.c_str());
    made.beta = beta;
    made.free_steps = free_steps;
    made.nudged_steps = nudged_steps;
    made.cosine = 1 / std::sqrt(1 + error * error); /* an error at right angles */
    made.relative_l2 = error;
    made.sign_agreement = 1 - 0.5 * std::min(1.0, error);
    return made;
  }

  /* The rows of one estimate: conv0 the worst, dense0 the best, all between. */
  void add(std::vector<epx_bias_row_t> &rows, double error) const {
    rows.push_back(row("conv0", 1.5 * error));
    rows.push_back(row("conv1", 1.1 * error));
    rows.push_back(row("dense0", 0.6 * error));
    rows.push_back(row("all", error));
  }
};

inline double bias_power(const std::string &estimator) {
  return estimator == "one_sided" ? 1 : estimator == "symmetric" ? 2 : 4;
}

/* error^2 = (0.8 beta^p)^2 + (0.4 q / beta)^2 + 0.002^2, with scatter. */
inline double bias_law(const BiasSample &sample, double q, double scatter = 1) {
  return scatter *
         std::sqrt(std::pow(0.8 * std::pow(sample.beta, bias_power(sample.estimator)), 2) +
                   std::pow(0.4 * q / sample.beta, 2) + 4e-6);
}

inline const std::vector<double> BIAS_BETAS = {0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0};

/* All estimators, nudging factors and formats on one network. */
inline void add_grid(std::vector<epx_bias_row_t> &rows, BiasSample sample,
                     const std::vector<int> &bits, double noise, std::mt19937 &random) {
  std::normal_distribution<double> normal(0, noise);
  for (const char *estimator : {"one_sided", "symmetric", "richardson"}) {
    sample.estimator = estimator;
    for (double beta : BIAS_BETAS) {
      sample.beta = beta;
      for (int b : bits) {
        const double q = b == 0 ? 0 : std::ldexp(1, -b);
        sample.state = b == 0 ? "float64" : "UQ0." + std::to_string(b);
        sample.rung = sample.synapse != "exact" ? "synapse" : b == 0 ? "finite_beta" : "state";
        sample.add(rows, bias_law(sample, q, noise > 0 ? std::exp(normal(random)) : 1));
      }
    }
  }
}

/* A whole ladder for one setting, against the equilibrium gradient. */
inline void add_ladder(std::vector<epx_bias_row_t> &rows, BiasSample sample) {
  const std::string state = sample.state, synapse = sample.synapse;
  const std::string estimator = sample.estimator;
  const double beta = sample.beta;
  sample.reference = "equilibrium";
  const struct {
    const char *rung;
    double error;
  } rungs[] = {{"finite_t", 0.01}, {"finite_beta", 0.03}, {"state", 0.08},
               {"synapse", 0.11},  {"chip", 0.15},        {"update", 0.2}};
  for (const auto &one : rungs) {
    const std::string rung = one.rung;
    sample.rung = rung;
    sample.estimator = rung == "finite_t" ? "" : estimator;
    sample.beta = rung == "finite_t" ? 0 : beta;
    sample.state = rung == "finite_t" || rung == "finite_beta" ? "float64" : state;
    sample.synapse =
        rung == "finite_t" || rung == "finite_beta" || rung == "state" ? "exact" : synapse;
    sample.add(rows, one.error);
  }
}

/* EP's and BPTT's updates of two layers, which part as steps go on. */
inline std::vector<epx_gdu_row_t> gdu_sample(double beta) {
  std::vector<epx_gdu_row_t> rows;
  for (const char *layer : {"conv0", "dense0"}) {
    for (int step = 1; step <= 30; ++step) {
      for (int parameter : {-1, 7, 211, 4096}) {
        epx_gdu_row_t row = {};
        strcpy(row.estimator, "symmetric");
        strcpy(row.layer, layer);
        row.beta = beta;
        row.step = step;
        row.parameter = parameter;
        const double bptt = (1 - std::exp(-step / 8.0)) * std::cos(0.7 * parameter);
        const double error = beta * step / 30;
        row.bptt = bptt;
        row.ep = bptt * (1 - error);
        row.cosine = parameter < 0 ? 1 - error * error : NAN;
        row.relative_l2 = parameter < 0 ? error : NAN;
        rows.push_back(row);
      }
    }
  }
  return rows;
}

#endif
