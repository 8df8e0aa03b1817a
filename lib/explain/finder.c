// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/finder.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* More of a literal says hardly more, and makes the table larger. */
#define DEPTH 24

/* No pattern, no state: the root is nobody's child. */
#define NONE UINT16_MAX

struct hd_finder {
	const struct hd_pattern *patterns;
	uint8_t classes[256]; /* of bytes; 0: in no literal */
	size_t n_classes;
	size_t n_states;
	uint16_t *next; /* by state and class */
	uint16_t *fallback; /* the longest other state that ends as this one */
	uint16_t *first; /* pattern whose literal ends in a state */
	uint16_t *report; /* nearest state with one, itself included */
	uint16_t *same; /* by pattern: another one that ends there */
};

static size_t depth_of(const struct hd_pattern *pattern)
{
	return pattern->literal_n < DEPTH ? pattern->literal_n : DEPTH;
}

static uint8_t class_at(const struct hd_finder *finder,
			const struct hd_pattern *pattern, size_t i)
{
	return finder
		->classes[(unsigned char)pattern->text[pattern->literal + i]];
}

/* Numbers the bytes that literals have; returns how many states may be needed.
 */
static size_t classify(struct hd_finder *finder, size_t n)
{
	size_t states = 1;

	finder->n_classes = 1;
	for (size_t i = 0; i < n; i++) {
		const struct hd_pattern *pattern = &finder->patterns[i];

		for (size_t k = 0; k < depth_of(pattern); k++) {
			unsigned char c =
				(unsigned char)
					pattern->text[pattern->literal + k];

			if (!finder->classes[c])
				finder->classes[c] =
					(uint8_t)finder->n_classes++;
		}
		states += depth_of(pattern);
	}
	return states;
}

static uint16_t *edge(const struct hd_finder *finder, size_t state,
		      uint8_t kind)
{
	return &finder->next[state * finder->n_classes + kind];
}

static void add_pattern(struct hd_finder *finder, size_t index)
{
	const struct hd_pattern *pattern = &finder->patterns[index];
	size_t state = 0;

	for (size_t i = 0; i < depth_of(pattern); i++) {
		uint16_t *to =
			edge(finder, state, class_at(finder, pattern, i));

		if (*to == NONE)
			*to = (uint16_t)finder->n_states++;
		state = *to;
	}
	finder->same[index] = finder->first[state];
	finder->first[state] = (uint16_t)index;
}

/* The edge that a state without one has: that of its fallback. */
static void link_edge(struct hd_finder *finder, size_t state, uint8_t kind,
		      uint16_t *queue, size_t *queued)
{
	uint16_t *to = edge(finder, state, kind);
	size_t back = finder->fallback[state];
	uint16_t other = state ? *edge(finder, back, kind) : 0;

	if (*to == NONE) {
		*to = other;
		return;
	}
	finder->fallback[*to] = other;
	finder->report[*to] =
		finder->first[*to] != NONE ? *to : finder->report[other];
	queue[(*queued)++] = *to;
}

/* States nearer to the root come first, so that fallbacks are complete. */
static bool link_states(struct hd_finder *finder)
{
	HD_AUTOFREE uint16_t *queue = calloc(finder->n_states, sizeof(*queue));
	size_t queued = 1;

	if (!queue)
		return false;
	for (size_t i = 0; i < queued; i++)
		for (size_t kind = 0; kind < finder->n_classes; kind++)
			link_edge(finder, queue[i], (uint8_t)kind, queue,
				  &queued);
	return true;
}

static bool allocate(struct hd_finder *finder, size_t states, size_t n)
{
	size_t edges = states * finder->n_classes * sizeof(*finder->next);
	size_t each = states * sizeof(uint16_t);

	finder->next = malloc(edges);
	finder->fallback = calloc(states, sizeof(uint16_t));
	finder->first = malloc(each);
	finder->report = malloc(each);
	finder->same = malloc(n * sizeof(uint16_t) + 1);
	if (!finder->next || !finder->fallback || !finder->first ||
	    !finder->report || !finder->same)
		return false;
	memset(finder->next, 0xff, edges);
	memset(finder->first, 0xff, each);
	memset(finder->report, 0xff, each);
	return true;
}

struct hd_finder *hd_finder_new(const struct hd_pattern *patterns, size_t n)
{
	struct hd_finder *finder = calloc(1, sizeof(*finder));
	size_t states;

	if (!finder)
		return NULL;
	finder->patterns = patterns;
	states = classify(finder, n);
	if (states >= NONE || n >= NONE || !allocate(finder, states, n)) {
		hd_finder_free(finder);
		return NULL;
	}
	finder->n_states = 1;
	for (size_t i = 0; i < n; i++)
		add_pattern(finder, i);
	if (!link_states(finder)) {
		hd_finder_free(finder);
		return NULL;
	}
	return finder;
}

/* Calls @found for all patterns whose beginnings end with @end. */
static void report(const struct hd_finder *finder,
		   const struct hd_normalized *text, size_t state, size_t end,
		   void (*found)(void *data, size_t pattern, size_t at),
		   void *data)
{
	for (; state != NONE && state != 0;
	     state = finder->report[finder->fallback[state]])
		for (size_t i = finder->first[state]; i != NONE;
		     i = finder->same[i]) {
			const struct hd_pattern *pattern = &finder->patterns[i];
			size_t at = end - depth_of(pattern);

			if (text->n - at >= pattern->literal_n &&
			    memcmp(text->text + at,
				   pattern->text + pattern->literal,
				   pattern->literal_n) == 0)
				found(data, i, at);
		}
}

void hd_finder_scan(const struct hd_finder *finder,
		    const struct hd_normalized *text,
		    void (*found)(void *data, size_t pattern, size_t at),
		    void *data)
{
	size_t state = 0;

	for (size_t i = 0; i < text->n; i++) {
		state = *edge(finder, state,
			      finder->classes[(unsigned char)text->text[i]]);
		if (finder->report[state] != NONE)
			report(finder, text, finder->report[state], i + 1,
			       found, data);
	}
}

void hd_finder_free(struct hd_finder *finder)
{
	if (!finder)
		return;
	free(finder->next);
	free(finder->fallback);
	free(finder->first);
	free(finder->report);
	free(finder->same);
	free(finder);
}
