/* SPDX-License-Identifier: Apache-2.0 */
/* Owners, random networks, batches and bit-exact snapshots for the tests of core/ and rtl_model/.
 */
#ifndef EPX_CORE_SUPPORT_H
#define EPX_CORE_SUPPORT_H

#include <gtest/gtest.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "epx_dynamics.h"
#include "epx_ep.h"
#include "epx_parallel.h"
#include "epx_substrate.h"
#include "temporary_folder.h"

/* Phases of tiny networks: more threads than the machine has free cores would mostly wait for each
 * other. Tests of threads set their own number, then go back to this. */
constexpr int kTestThreads = 1;
inline const bool test_threads_set = (epx_parallel_set_threads(kTestThreads), true);

struct SubstrateDeleter {
  void operator()(epx_substrate_t *substrate) const { epx_substrate_destroy(substrate); }
};
using Substrate = std::unique_ptr<epx_substrate_t, SubstrateDeleter>;
struct ParamsDeleter {
  void operator()(epx_params_t *params) const { epx_params_destroy(params); }
};
using Params = std::unique_ptr<epx_params_t, ParamsDeleter>;
struct NpzDeleter {
  void operator()(epx_npz_t *npz) const { epx_npz_destroy(npz); }
};
using Npz = std::unique_ptr<epx_npz_t, NpzDeleter>;

/* Expects success; prints the message of a failure. */
#define EXPECT_EPX_OK(call, error) EXPECT_EQ(call, EPX_OK) << (error).message
#define ASSERT_EPX_OK(call, error) ASSERT_EQ(call, EPX_OK) << (error).message

/* Reproducible draws; a test prints the seed with SCOPED_TRACE. */
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  double real(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine_);
  }
  bool chance(double p) { return real(0, 1) < p; }

 private:
  std::mt19937_64 engine_;
};

inline epx_layer_t conv_layer(int units, int kernel, int stride, int padding, epx_pool_t pool) {
  return {EPX_LAYER_CONV, units, kernel, stride, padding, pool};
}
inline epx_layer_t dense_layer(int units) {
  return {EPX_LAYER_DENSE, units, 0, 0, 0, EPX_POOL_NONE};
}

inline epx_network_t make_network(std::vector<int> input, const std::vector<epx_layer_t> &layers,
                                  int classes, epx_loss_t loss, epx_activation_t activation) {
  epx_network_t network = {};
  for (int i = 0; i < 3; ++i) network.input[i] = input[(size_t)i];
  network.layer_count = (int)layers.size();
  for (size_t l = 0; l < layers.size(); ++l) network.layers[l] = layers[l];
  network.classes = classes;
  network.loss = loss;
  network.activation = activation;
  return network;
}

/* A small legal network: any stride, padding and pooling. */
inline epx_network_t random_network(Random &random, epx_activation_t activation, epx_loss_t loss) {
  for (;;) {
    std::vector<epx_layer_t> layers;
    const int convolutions = random.integer(0, 2), classes = random.integer(2, 5);
    for (int i = 0; i < convolutions; ++i) {
      layers.push_back(conv_layer(random.integer(1, 3), random.integer(1, 4), random.integer(1, 3),
                                  random.integer(0, 3), (epx_pool_t)random.integer(0, 2)));
    }
    for (int i = random.integer(convolutions == 0 ? 1 : 0, 2); i > 0; --i) {
      layers.push_back(dense_layer(random.integer(2, 6)));
    }
    if (loss == EPX_LOSS_SQUARED_ERROR) layers.push_back(dense_layer(classes));
    const epx_network_t network =
        make_network({random.integer(1, 3), random.integer(4, 8), random.integer(4, 8)}, layers,
                     classes, loss, activation);
    epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
    if (epx_network_shapes(&network, shapes, nullptr) == EPX_OK) return network;
  }
}

/* One of the four activations, either loss, either kind of connections and rule. */
inline epx_network_t any_network(Random &random) {
  const epx_activation_t activation = (epx_activation_t)random.integer(0, 3);
  const bool entropy = random.chance(0.5);
  epx_network_t network =
      random_network(random, activation, entropy ? EPX_LOSS_CROSS_ENTROPY : EPX_LOSS_SQUARED_ERROR);
  network.connections = (epx_connections_t)random.integer(0, 1);
  network.backward_rule = (epx_backward_rule_t)random.integer(0, 1);
  return network;
}
inline epx_relaxation_t any_relaxation(Random &random) {
  const epx_update_order_t update = (epx_update_order_t)random.integer(0, 1);
  return {update, (epx_switches_t)random.integer(0, 1), 0};
}

/* The network and its dynamics as text, for failure messages. */
inline std::string describe(const epx_network_t &n) {
  std::string text = "input " + std::to_string(n.input[0]) + "x" + std::to_string(n.input[1]) +
                     "x" + std::to_string(n.input[2]);
  for (int l = 0; l < n.layer_count; ++l) {
    const epx_layer_t &layer = n.layers[l];
    text += layer.kind == EPX_LAYER_DENSE ? "; dense " : "; conv ";
    text += std::to_string(layer.units);
    if (layer.kind == EPX_LAYER_CONV) {
      text += " k" + std::to_string(layer.kernel) + " s" + std::to_string(layer.stride) + " p" +
              std::to_string(layer.padding) + " pool" + std::to_string((int)layer.pool);
    }
  }
  return text + "; classes " + std::to_string(n.classes) + " loss " + std::to_string((int)n.loss) +
         " activation " + std::to_string((int)n.activation) +
         (n.connections == EPX_CONNECTIONS_BIDIRECTIONAL ? ""
          : n.backward_rule == EPX_BACKWARD_SAME         ? " unidirectional same"
                                                         : " unidirectional different");
}
inline std::string describe(const epx_relaxation_t &r) {
  return std::string(r.update == EPX_UPDATE_ALTERNATING ? "alternating" : "synchronous") +
         (r.switches == EPX_SWITCHES_FROZEN ? " frozen" : " live");
}

inline Params make_params(const epx_network_t &network) {
  epx_error_t error = {};
  epx_params_t *params = nullptr;
  EXPECT_EPX_OK(epx_params_create(&network, &params, &error), error);
  return Params(params);
}

/* Uniform weights (backward ones too) of +-scale / sqrt(fan_in), biases in [bias_low, bias_high].
 */
inline Params random_params(const epx_network_t &network, Random &random, double scale,
                            double bias_low = -0.3, double bias_high = 0.9) {
  Params params = make_params(network);
  for (int l = 0; l < params->layer_count; ++l) {
    const double bound = scale / std::sqrt((double)params->fan_in[l]);
    for (int i = 0; i < params->units[l] * params->fan_in[l]; ++i) {
      params->weight[l][i] = random.real(-bound, bound);
    }
    for (int u = 0; u < params->units[l]; ++u) {
      params->bias[l][u] = random.real(bias_low, bias_high);
    }
    for (int i = 0; params->backward[l] != nullptr && i < params->units[l] * params->fan_in[l];
         ++i) {
      params->backward[l][i] = random.real(-bound, bound);
    }
  }
  return params;
}

inline void load(epx_substrate_t *substrate, const Params &params) {
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_substrate_load(substrate, params.get(), &error), error);
}

/* Operations that must succeed. */
inline void store(epx_substrate_t *substrate, const Params &params) {
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_substrate_store(substrate, params.get(), &error), error);
}
inline void relax(epx_substrate_t *substrate, int steps, double beta) {
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_substrate_relax(substrate, steps, beta, &error), error);
}
inline void predict(epx_substrate_t *substrate, double *loss, uint8_t *predicted) {
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_substrate_predict(substrate, loss, predicted, &error), error);
}
inline void keep_free(epx_substrate_t *substrate) {
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_substrate_keep_free(substrate, &error), error);
}
inline void accumulate(epx_substrate_t *substrate, const epx_phase_t *phase) {
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_substrate_accumulate(substrate, phase, &error), error);
}
inline void update(epx_substrate_t *substrate, const epx_estimator_t *estimator,
                   const epx_update_rule_t *rule) {
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_substrate_update(substrate, estimator, rule, &error), error);
}

struct Batch {
  int n = 0;
  std::vector<float> x;
  std::vector<uint8_t> labels;
  epx_batch_t whole() const { return epx_batch_f32(x.data(), labels.data(), n); }
};

inline Batch random_batch(const epx_network_t &network, Random &random, int n, double low = -0.9,
                          double high = 0.9) {
  Batch batch;
  batch.n = n;
  batch.x.resize((size_t)n * (size_t)(network.input[0] * network.input[1] * network.input[2]));
  for (float &value : batch.x) value = (float)random.real(low, high);
  for (int i = 0; i < n; ++i) {
    batch.labels.push_back((uint8_t)random.integer(0, network.classes - 1));
  }
  return batch;
}

inline void present(epx_substrate_t *substrate, const Batch &batch) {
  epx_error_t error = {};
  const epx_batch_t whole = batch.whole();
  EXPECT_EPX_OK(epx_substrate_present(substrate, &whole, &error), error);
}

inline double mean_loss(epx_substrate_t *substrate, int n) {
  std::vector<double> loss((size_t)n);
  std::vector<uint8_t> predicted((size_t)n);
  predict(substrate, loss.data(), predicted.data());
  double sum = 0;
  for (double value : loss) sum += value;
  return sum / n;
}

/* One whole estimate: free phase, nudged phases, terms left in the accumulators. */
inline void run_ep(epx_substrate_t *substrate, const epx_dynamics_t &dynamics,
                   const epx_estimator_t &estimator, const Batch &batch, int sign = 1) {
  std::vector<double> loss((size_t)batch.n);
  std::vector<uint8_t> predicted((size_t)batch.n);
  epx_error_t error = {};
  const epx_batch_t whole = batch.whole();
  EXPECT_EPX_OK(
      epx_ep_free(substrate, &dynamics, &whole, loss.data(), predicted.data(), &error), error);
  EXPECT_EPX_OK(epx_ep_nudged(substrate, &dynamics, &estimator, sign, &error), error);
}

inline Params read_gradient(epx_substrate_t *substrate, const epx_estimator_t &estimator) {
  Params gradient = make_params(substrate->network);
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_substrate_gradient(substrate, &estimator, gradient.get(), &error), error);
  return gradient;
}

inline std::vector<double> layer_states(epx_substrate_t *substrate, int layer, int n) {
  std::vector<double> out((size_t)n * substrate->shapes[layer].out_size);
  epx_substrate_states(substrate, layer, out.data());
  return out;
}

/* Layer l of a parameter set: weights, biases, then backward weights where it has any. */
inline std::vector<double> layer_values(const Params &params, int l) {
  std::vector<double> out(params->weight[l],
                          params->weight[l] + params->units[l] * params->fan_in[l]);
  out.insert(out.end(), params->bias[l], params->bias[l] + params->units[l]);
  if (params->backward[l] != nullptr) {
    out.insert(out.end(), params->backward[l],
               params->backward[l] + params->units[l] * params->fan_in[l]);
  }
  return out;
}

inline double norm(const std::vector<double> &a) {
  double sum = 0;
  for (double v : a) sum += v * v;
  return std::sqrt(sum);
}
inline double cosine(const std::vector<double> &a, const std::vector<double> &b) {
  double dot = 0;
  for (size_t i = 0; i < a.size(); ++i) dot += a[i] * b[i];
  return dot / (norm(a) * norm(b));
}
inline double distance(const std::vector<double> &a, const std::vector<double> &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

/* Appends the bytes of a vector. */
template <class T>
void append_bytes(std::string &out, const T *data, size_t count) {
  out.append((const char *)data, count * sizeof(T));
}

/* Everything that training changes, names and bytes. */
inline std::string saved_bytes(epx_substrate_t *substrate) {
  epx_error_t error = {};
  epx_npz_t *raw = nullptr;
  EXPECT_EPX_OK(epx_npz_create(&raw, &error), error);
  Npz npz(raw);
  EXPECT_EPX_OK(epx_substrate_save(substrate, raw, &error), error);
  std::string bytes;
  for (size_t i = 0; i < epx_npz_count(raw); ++i) {
    const epx_npz_array_t *array = epx_npz_at(raw, i);
    bytes += array->name;
    bytes.append((const char *)array->data, array->count * epx_dtype_size(array->dtype));
  }
  EXPECT_GT(bytes.size(), 0u);
  return bytes;
}

/* Bytes of states, gradients and registers along two training steps on fresh batches; a continual
 * estimator's steps follow the ordinary ones. */
inline std::string training_bytes(epx_substrate_t *substrate, const epx_dynamics_t &dynamics,
                                  const epx_estimator_t &estimator, int n, uint64_t seed) {
  Random random(seed);
  std::string bytes;
  epx_update_rule_t rule = {};
  for (double &rate : rule.learning_rate) rate = 0.1;
  rule.momentum = 0.9;
  rule.weight_decay = 3e-4;
  for (int step = 0; step < 2; ++step) {
    run_ep(substrate, dynamics, estimator, random_batch(substrate->network, random, n - step));
    for (int l = 0; l < substrate->network.layer_count; ++l) {
      const std::vector<double> s = layer_states(substrate, l, n - step);
      append_bytes(bytes, s.data(), s.size());
    }
    const Params gradient = read_gradient(substrate, estimator);
    for (int l = 0; l < gradient->layer_count; ++l) {
      const std::vector<double> g = layer_values(gradient, l);
      append_bytes(bytes, g.data(), g.size());
    }
    update(substrate, &estimator, &rule);
    if (estimator.continual) {
      epx_update_rule_t plain = rule;
      plain.momentum = plain.weight_decay = 0;
      epx_substrate_recall_free(substrate);
      epx_error_t error = {};
      EXPECT_EPX_OK(epx_ep_continual(substrate, &dynamics, &estimator, -1, &plain, &error), error);
    }
    bytes += saved_bytes(substrate);
  }
  return bytes;
}

#endif
