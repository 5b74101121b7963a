/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the prices of converters: the keys adc_ideal, adc_sar and adc_ramp of a technology file. */
#ifndef EPX_TECHNOLOGY_ADC_H
#define EPX_TECHNOLOGY_ADC_H

#include "epx_technology.h"
#include "epx_technology_scaling.h"

/* Which rail pays for a number. */
extern const char *const tech_rails[4];

/* Rail, scaling, and with `scaling: core` node and supply of `entry`: the factor from there to the
 * technology, and the text that says so. */
EPX_CHECKED epx_status_t tech_factor(const tech_file_t *file, const tech_scaling_t *scaling,
                                     const epx_technology_t *technology,
                                     const epx_yaml_node_t *entry, const char *what, double *factor,
                                     char *text, size_t size);

EPX_CHECKED epx_status_t tech_read_adcs(const tech_file_t *file, const tech_scaling_t *scaling,
                                        const epx_yaml_node_t *root, epx_technology_t *technology);

#endif
