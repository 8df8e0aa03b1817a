// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/slots/bus_model.h"

#include <stddef.h>
#include <string.h>

static const struct hd_bus_model models[] = {
	{ "pci-root", 1, 31, true, false },
	{ "pci-bridge", 1, 31, true, false },
	{ "pci-expander-bus", 0, 31, true, false },
	{ "pcie-root", 1, 31, true, true },
	{ "dmi-to-pci-bridge", 0, 31, true, false },
	{ "pcie-to-pci-bridge", 1, 31, true, false },
	{ "pcie-root-port", 0, 0, true, true },
	{ "pcie-switch-downstream-port", 0, 0, true, true },
	{ "pcie-switch-upstream-port", 0, 31, false, true },
	{ "pcie-expander-bus", 0, 31, false, true },
};

const struct hd_bus_model *hd_bus_model_find(const char *name)
{
	for (size_t i = 0; name && i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(models[i].name, name) == 0)
			return &models[i];
	return NULL;
}
