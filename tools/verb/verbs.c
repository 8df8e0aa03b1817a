// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "tools/tool.h"

const struct hd_verb *const hd_verbs[] = {
	&hd_verb_list,	  &hd_verb_show,    &hd_verb_xml,     &hd_verb_check,
	&hd_verb_plan,	  &hd_verb_bind,    &hd_verb_release, &hd_verb_status,
	&hd_verb_recover, &hd_verb_log,	    &hd_verb_pin,     &hd_verb_allow,
	&hd_verb_rewrite, &hd_verb_capture, &hd_verb_attach,  &hd_verb_detach,
	&hd_verb_explain, &hd_verb_doctor,  &hd_verb_rom,     NULL,
};
