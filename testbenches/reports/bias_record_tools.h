/* SPDX-License-Identifier: Apache-2.0 */
/* A bias record and its rows, for tests. */
#ifndef BIAS_RECORD_TOOLS_H
#define BIAS_RECORD_TOOLS_H

#include <cstring>

#include "epx_bias_record.h"
#include "report_test_tools.h"

inline constexpr char SETTINGS[] = "network: conv 8\nparameters: 12ab\nbeta: 0.1 0.5\n";
inline constexpr char HEADER[] =
    "pool,switches,update,estimator,beta,state,synapse,free_steps,nudged_steps,rung,reference,"
    "layer,cosine,relative_l2,sign_agreement\n";

inline epx_bias_row_t make_row(double beta, const char *layer, const char *reference = "bptt") {
  epx_bias_row_t row = {};
  strcpy(row.pool, "avg");
  strcpy(row.switches, "live");
  strcpy(row.update, "synchronous");
  strcpy(row.estimator, "symmetric");
  row.beta = beta;
  strcpy(row.state, "UQ0.8");
  strcpy(row.synapse, "exact");
  row.free_steps = 250;
  row.nudged_steps = 30;
  strcpy(row.rung, "state");
  strcpy(row.reference, reference);
  strcpy(row.layer, layer);
  row.cosine = 1.0 / 3.0;
  row.relative_l2 = beta * beta;
  row.sign_agreement = 0.75;
  return row;
}

inline std::vector<epx_bias_row_t> make_block(double beta, const char *reference = "bptt") {
  return {make_row(beta, "conv0", reference), make_row(beta, "dense0", reference),
          make_row(beta, "all", reference)};
}

inline std::vector<epx_bias_row_t> read_rows(const std::string &folder) {
  epx_bias_row_t *rows = nullptr;
  int count = 0;
  epx_error_t error = {};
  EXPECT_OK(epx_bias_rows_read(folder.c_str(), &rows, &count, &error));
  std::vector<epx_bias_row_t> all(rows, rows + count);
  free(rows);
  return all;
}

/* Opens a record, or ends with the status. */
class Record {
 public:
  explicit Record(const std::string &folder, const char *settings = SETTINGS) {
    const char *const names[] = {"network", "data"};
    const char *const values[] = {"conv 8 - dense 10", nullptr};
    status = epx_bias_record_open(folder.c_str(), settings, names, values, 2, &record, &error);
  }
  ~Record() { epx_bias_record_destroy(record); }
  Record(const Record &) = delete;
  Record &operator=(const Record &) = delete;
  epx_status_t append(const std::vector<epx_bias_row_t> &rows) {
    return epx_bias_record_append(record, rows.data(), static_cast<int>(rows.size()), &error);
  }
  bool has(const epx_bias_row_t &key) const { return epx_bias_record_has(record, &key) != 0; }

  epx_bias_record_t *record = nullptr;
  epx_error_t error = {};
  epx_status_t status;
};

#endif
