#include "cost_record.h"
epx_status_t cost_record_write(const char *folder, const epx_experiment_t *experiment,
                               epx_error_t *error) {
  (void)folder; (void)experiment; (void)error;
  return EPX_OK;
}
epx_status_t cost_of_point(const epx_experiment_t *experiment, epx_sweep_result_t *result,
                           epx_error_t *error) {
  (void)experiment; (void)result; (void)error;
  return EPX_OK;
}
