/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the report's section on gradient bias share. */
#ifndef EPX_REPORT_BIAS_H
#define EPX_REPORT_BIAS_H

#include "epx_bias_view.h"
#include "epx_page.h"

/* The fewest bits, estimator and nudging factor for each cosine that a designer may ask for: of all
 * variants in brief, and of one by estimator. */
void epx_report_bias_needs(epx_page_t *page, const epx_bias_view_t *view);
void epx_report_bias_need(epx_page_t *page, epx_bias_view_t *view,
                          const epx_bias_variant_t *variant);

/* "6 bits" or "not reached", and how, of the fewest state bits that give all parameters together
 * the cosine below, in any variant; false where no quantised state was measured. */
#define EPX_BIAS_HEADLINE_COSINE 0.95
enum { EPX_BIAS_NOTE_SIZE = 512 };
bool epx_report_bias_headline(const epx_bias_view_t *view, char value[32],
                              char note[EPX_BIAS_NOTE_SIZE]);

/* Error against the nudging factor with the fitted law, and tables of both. */
void epx_report_bias_law(epx_page_t *page, epx_bias_view_t *view,
                         const epx_bias_variant_t *variant);

/* Every cosine of a variant, by layer. */
void epx_report_bias_layers(epx_page_t *page, epx_bias_view_t *view,
                            const epx_bias_variant_t *variant);

/* The attribution ladder. */
void epx_report_bias_ladder(epx_page_t *page, const epx_bias_view_t *view);

#endif
