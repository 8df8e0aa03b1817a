// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/hostdev.h"

#include <libxml/xmlwriter.h>
#include <string.h>

#define X(text) ((const xmlChar *)(text))

static bool write_address(xmlTextWriter *writer, struct hd_addr addr)
{
	return xmlTextWriterStartElement(writer, X("address")) >= 0 &&
	       xmlTextWriterWriteFormatAttribute(writer, X("domain"), "0x%04x",
						 addr.domain) >= 0 &&
	       xmlTextWriterWriteFormatAttribute(writer, X("bus"), "0x%02x",
						 addr.bus) >= 0 &&
	       xmlTextWriterWriteFormatAttribute(writer, X("slot"), "0x%02x",
						 addr.slot) >= 0 &&
	       xmlTextWriterWriteFormatAttribute(writer, X("function"), "0x%x",
						 addr.function) >= 0 &&
	       xmlTextWriterEndElement(writer) >= 0;
}

static bool write_hostdev(xmlTextWriter *writer, struct hd_addr addr,
			  bool managed)
{
	return xmlTextWriterStartElement(writer, X("hostdev")) >= 0 &&
	       xmlTextWriterWriteAttribute(writer, X("mode"), X("subsystem")) >=
		       0 &&
	       xmlTextWriterWriteAttribute(writer, X("type"), X("pci")) >= 0 &&
	       xmlTextWriterWriteAttribute(writer, X("managed"),
					   X(managed ? "yes" : "no")) >= 0 &&
	       xmlTextWriterStartElement(writer, X("source")) >= 0 &&
	       write_address(writer, addr) &&
	       xmlTextWriterEndElement(writer) >= 0 &&
	       xmlTextWriterEndElement(writer) >= 0;
}

char *hd_hostdev_format(struct hd_addr addr, bool managed)
{
	xmlBuffer *buffer = xmlBufferCreate();
	xmlTextWriter *writer =
		buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
	char *text = NULL;
	bool good = false;

	if (writer) {
		xmlTextWriterSetIndent(writer, 1);
		xmlTextWriterSetIndentString(writer, X("  "));
		xmlTextWriterSetQuoteChar(writer, '\'');
		good = write_hostdev(writer, addr, managed);
		xmlFreeTextWriter(writer); /* flushes into the buffer */
	}
	if (good)
		text = strdup((const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return text;
}
