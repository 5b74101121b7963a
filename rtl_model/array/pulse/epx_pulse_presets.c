/* SPDX-License-Identifier: Apache-2.0 */
/* Devices as published. Values of aihwkit's simulator/presets/devices.py, which names the
 * measurement each was fitted to; NeuroSim's are the defaults of DNN_NeuroSim_V2.1 (train.py,
 * Param.cpp). Not taken over: aihwkit's write noise (an apparent weight beside the stored one) and
 * leakage of the capacitor (epx_cell.h has retention). */
#include <stdio.h>
#include <string.h>

#include "epx_pulse.h"

static const epx_pulse_device_t presets[] = {
    {.name = "ReRAM-ES",
     .model = "exp_step",
     .w_min = -1.0,
     .w_max = 1.0,
     .w_min_d2d = 0.3,
     .w_max_d2d = 0.3,
     .dw = 0.00135,
     .dw_d2d = 0.2,
     .up_down = 0.259359,
     .up_down_d2d = 0.05,
     .c2c = 5.0,
     .gamma_up = 5.0,
     .gamma_down = 5.0,
     .a = -0.5,
     .b = -0.5,
     .A_up = -1.18445,
     .A_down = -0.081404,
     .source = "aihwkit ReRamESPresetDevice; Gong et al., Nat. Commun. 2018"},
    {.name = "ReRAM-SB",
     .model = "soft_bounds",
     .w_min = -0.75,
     .w_max = 1.25,
     .w_min_d2d = 0.3 / 0.75,
     .w_max_d2d = 0.3 / 1.25,
     .dw = 0.002,
     .dw_d2d = 0.3,
     .up_down_d2d = 0.01,
     .c2c = 3.75,
     .c2c_additive = true,
     .source = "aihwkit ReRamSBPresetDevice; Gong et al., Nat. Commun. 2018"},
    {.name = "Capacitor",
     .model = "linear",
     .w_min = -1.0,
     .w_max = 1.0,
     .w_min_d2d = 0.07,
     .w_max_d2d = 0.07,
     .dw = 0.005,
     .dw_d2d = 0.1,
     .up_down_d2d = 0.06,
     .c2c = 0.3,
     .c2c_additive = true,
     .gamma_up = 0.05,
     .gamma_down = 0.05,
     .gamma_d2d = 0.01,
     .source = "aihwkit CapacitorPresetDevice; Li et al., VLSI 2018"},
    {.name = "EcRAM",
     .model = "linear",
     .w_min = -0.8276,
     .w_max = 1.1724,
     .w_min_d2d = 0.05,
     .w_max_d2d = 0.05,
     .dw = 0.002,
     .dw_d2d = 0.1,
     .up_down_d2d = 0.01,
     .c2c = 0.3,
     .gamma_up = 0.1153,
     .gamma_down = 0.5085,
     .gamma_d2d = 0.05,
     .source = "aihwkit EcRamPresetDevice; Tang et al., IEDM 2018"},
    {.name = "EcRAM-MO",
     .model = "linear",
     .w_min = -0.8286,
     .w_max = 1.1714,
     .w_min_d2d = 0.05,
     .w_max_d2d = 0.05,
     .dw = 2.8214e-4,
     .dw_d2d = 0.1,
     .up_down_d2d = 0.01,
     .c2c = 2.0,
     .gamma_up = 0.4152,
     .gamma_down = 0.7342,
     .gamma_d2d = 0.05,
     .source = "aihwkit EcRamMOPresetDevice; Kim et al., IEDM 2019"},
    {.name = "idealised",
     .model = "constant",
     .w_min = -1.0,
     .w_max = 1.0,
     .w_min_d2d = 0.3,
     .w_max_d2d = 0.3,
     .dw = 0.0002,
     .dw_d2d = 0.3,
     .c2c = 0.3,
     .source = "aihwkit IdealizedPresetDevice; Rasch, Gokmen, Haensch, IEEE Design & Test 2019"},
    {.name = "NeuroSim", /* w is the conductance over its maximum */
     .model = "exponential",
     .w_min = 0.01,
     .w_max = 1.0,
     .c2c = 0.003,
     .nl_up = 1.75,
     .nl_down = 1.46,
     .levels = 32,
     .on_ohm = 240e3,
     .on_off_ratio = 100.0,
     .write_volts = 4.0,
     .write_ns = 50.0,
     .read_volts = 0.5,
     .read_ns = 10.0,
     .source = "DNN_NeuroSim_V2.1, train.py and Param.cpp"}};
enum { PRESETS = sizeof presets / sizeof *presets };

const char *epx_pulse_preset_name(int index) {
  return index >= 0 && index < PRESETS ? presets[index].name : NULL;
}

epx_status_t epx_pulse_preset(const char *name, epx_pulse_device_t *device, epx_error_t *error) {
  char names[128] = "";
  for (int i = 0; i < PRESETS; ++i) {
    if (strcmp(presets[i].name, name) == 0) {
      *device = presets[i];
      return EPX_OK;
    }
    const size_t length = strlen(names);
    snprintf(names + length, sizeof names - length, "%s%s", i > 0 ? ", " : "", presets[i].name);
  }
  return epx_fail(error, EPX_ERR_NOT_FOUND, "device: found %.40s; expected one of %s", name, names);
}
