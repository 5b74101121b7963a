/* SPDX-License-Identifier: Apache-2.0 */
/* Files embedded into the library at build time (reports/embed.cmake). */
#ifndef EPX_ASSETS_H
#define EPX_ASSETS_H

#include <stddef.h>

extern const unsigned char epx_asset_report_css[];
extern const size_t epx_asset_report_css_size;
extern const unsigned char epx_asset_report_js[];
extern const size_t epx_asset_report_js_size;
extern const unsigned char epx_asset_chart_js[];
extern const size_t epx_asset_chart_js_size;

#endif
