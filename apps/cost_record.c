#include "cost_record.h"
epx_status_t cost_record_write(const char *folder, const epx_experiment_t *experiment,
                               epx_error_t *error) {
  (void)folder; (void)experiment; (void)error;
  return EPX_OK;
}
