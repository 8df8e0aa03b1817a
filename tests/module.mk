# SPDX-License-Identifier: GPL-2.0-or-later
unit_src := $(sort $(wildcard tests/unit/test_*.c))
unit_tests := $(unit_src:%.c=$(O)/%)
fuzz_src := $(sort $(wildcard tests/fuzz/fuzz_*.c))
fuzzers := $(fuzz_src:%.c=$(O)/%)

ifneq ($(filter unit,$(MAKECMDGOALS)),)
pkgs += cmocka
endif

# The unit tests, to be run one by one; each prints TAP when it is asked to.
unit: $(unit_tests)

$(unit_tests): $(O)/%: $(O)/%.o $(O)/tests/unit/place.o $(O)/lib/lib.a
	$(call link,$(lib_pkgs) $(xml_pkgs) cmocka libpcre2-8)

# Fuzzers of all parsers; they need clang: make fuzzers CC=clang
# SANITIZE=address,undefined,fuzzer-no-link
fuzzers: $(fuzzers)

$(fuzzers): $(O)/%: $(O)/%.o $(O)/lib/lib.a
	$(call link,$(lib_pkgs) $(xml_pkgs) libpcre2-8) -fsanitize=fuzzer

# The tool's own parsers.
$(O)/tests/fuzz/fuzz_tar: $(addprefix $(O)/tools/tree/,unpack.o link.o)
scrub := $(addprefix $(O)/tools/,verb/capture/scrub.o verb/capture/recording.o \
	tree/link.o)
$(O)/tests/fuzz/fuzz_scrub: $(scrub)
$(O)/tests/unit/test_scrub: $(scrub)
$(O)/tests/unit/test_scrub: hd_ldflags += -Wl,--wrap=pcre2_match_8
$(O)/tests/unit/test_index: hd_ldflags += -Wl,--wrap=reallocarray
# What the kernel answers is theirs.
$(O)/tests/unit/test_rtnl: hd_ldflags += \
	-Wl,--wrap=mnl_socket_sendto,--wrap=mnl_socket_recvfrom

check: packages
	$(PYTHON) tests/run.py

# Unit tests and what is cheap of the others, in less than two minutes.
quick: packages
	VIRT_HOSTDEV_TESTS=quick $(PYTHON) tests/run.py

# Longer fuzzing and more rounds of it all; goes on where it stopped.
check-full: packages
	VIRT_HOSTDEV_TESTS=full $(PYTHON) tests/run.py

demo: packages
	$(PYTHON) tests/vm/demo.py

.PHONY: unit fuzzers check quick check-full demo

# The rows from the emulated host need root.
bench: packages
	$(MAKE) O=$(O)/gcc CC=gcc all fakekernel rawwrites
	$(PYTHON) tests/bench/bench.py

# What prepare is measured against. Static, as it runs on another distribution.
rawwrites := $(O)/tests/bench/rawwrites

rawwrites: $(rawwrites)

$(rawwrites): hd_link_hardening := -static -no-pie

$(rawwrites): $(rawwrites).o
	$(call link,)

.PHONY: bench rawwrites
