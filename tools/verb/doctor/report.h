/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_DOCTOR_REPORT_H
#define HD_TOOLS_VERB_DOCTOR_REPORT_H

#include "lib/doctor/doctor.h"
#include "tools/cli/exit.h"

/* What doctor ends with. */
enum hd_exit hd_report_exit(const struct hd_diagnosis *diagnosis);

/* Prints a diagnosis of @host as JSON. */
void hd_report_print_json(const struct hd_host *host,
			  const struct hd_doctor_request *request,
			  const struct hd_diagnosis *diagnosis);

/*
 * Prints it for people: the verdict, a table of what isn't as it should be or,
 * when @all, of everything, and what fixes it. Returns 0 or -ENOMEM.
 */
int hd_report_print(const struct hd_host *host,
		    const struct hd_doctor_request *request,
		    const struct hd_diagnosis *diagnosis, bool all,
		    struct hd_err *err);

#endif
