# SPDX-License-Identifier: GPL-2.0-or-later
#
#   make                     build; needs no root
#   make install             DESTDIR, prefix and sysconfdir are honoured
#   make bundle              a folder, and a .tar.gz of it, that needs nothing of
#                            the host that it is put on
#   make quick               the tests that take no time
#   make check               all tests
#   make check-full          more of each of them; takes hours
#   make demo                see it work, on an emulated host
#
# O=DIR       folder of everything that is built, default build, or build/TRIPLET
# V=1         show the commands
# SANITIZE=   for example address,undefined
# WERROR=1    warnings end the build
# CROSS=TRIPLET  build for another machine, as aarch64-linux-gnu, with TRIPLET-gcc
# SYSROOT=DIR    whose headers and libraries are taken: those of a Debian root in
#                DIR. Without it, CROSS takes what dpkg --add-architecture brought.

VERSION := 0.1.0

O ?= build$(CROSS:%=/%)
# However it is written: the dependencies of what is there name whole paths.
override O := $(abspath $(O))
prefix ?= /usr/local
bindir ?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec
sysconfdir ?= /etc
hookdir ?= $(sysconfdir)/libvirt/hooks
mandir ?= $(prefix)/share/man
INSTALL ?= install
READELF ?= readelf
STRIP ?= strip
PKG_CONFIG ?= pkg-config
PYTHON ?= python3
# Of this version and no other: each breaks lines in its own way.
CLANG_FORMAT ?= clang-format-19

# What runs while building is built for the machine that builds.
HOSTCC ?= cc

ifneq ($(CROSS),)
CC := $(CROSS)-gcc
AR := $(CROSS)-ar
READELF := $(CROSS)-readelf
STRIP := $(CROSS)-strip
endif

ifneq ($(CROSS)$(SYSROOT),)
override SYSROOT := $(abspath $(SYSROOT))
triplet := $(or $(CROSS),$(shell $(CC) -print-multiarch))
PKG_CONFIG := $(if $(SYSROOT),PKG_CONFIG_SYSROOT_DIR=$(SYSROOT)) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(triplet)/pkgconfig:$(SYSROOT)/usr/share/pkgconfig \
	pkg-config
endif

# A cross compiler has a C library of its own and looks there first, and it may be
# an older one: all is to be SYSROOT's.
ifneq ($(SYSROOT),)
override CC := $(CC) --sysroot=$(SYSROOT) -B$(SYSROOT)/usr/lib/$(triplet) \
	-L$(SYSROOT)/usr/lib/$(triplet) \
	-nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	-isystem $(SYSROOT)/usr/include/$(triplet) -isystem $(SYSROOT)/usr/include
endif

# Who builds with flags of his own decides about fortification, too.
CFLAGS ?= -O2 -g $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)

# As distributions do, where the compiler can: BTI is arm64's, CET is x86's.
known = $(shell $(CC) -Werror $(1) -c -o /dev/null -x c /dev/null 2>/dev/null && echo $(1))
hardening = $(eval hardening := $(foreach flag,-fstack-protector-strong \
	-fstack-clash-protection -fcf-protection -mbranch-protection=standard, \
	$(call known,$(flag))))$(hardening)
hd_link_hardening := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack

hd_cflags := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DHD_VERSION='"$(VERSION)"' -I. \
	-Wall -Wextra -Wshadow -Wformat=2 -Wmissing-prototypes -Wundef -Wvla -fPIE
hd_ldflags := -Wl,--as-needed

ifneq ($(WERROR),)
hd_cflags += -Werror
endif
ifneq ($(SANITIZE),)
hd_cflags += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
hd_ldflags += -fsanitize=$(SANITIZE)
endif

ifeq ($(V),)
say = @echo "  $(1)	$(patsubst $(O)/%,%,$@)";
else
say =
endif

all:

# Each folder adds its sources, programs and targets.
include lib/module.mk
include xml/module.mk
include hooks/module.mk
include tools/module.mk
include tests/module.mk
include tests/fakekernel/module.mk
include tests/faults/module.mk
include packaging/module.mk
include packaging/bundle/module.mk

all: $(programs)

# What does not build needs no libraries.
ifneq ($(filter-out clean check quick check-full demo bench packages format,$(or $(MAKECMDGOALS),all)),)
missing := $(shell $(PKG_CONFIG) --print-errors --exists $(sort $(pkgs)) 2>&1)
ifneq ($(missing),)
$(error $(missing) - $(if $(CROSS)$(SYSROOT),$(or $(SYSROOT),dpkg --add-architecture) has \
	to bring the -dev packages of packaging/packages,"make packages" installs what is needed))
endif
endif

# $(call cflags,PKGS), $(call libs,PKGS): one pkg-config run a set; -lNAME is
# for what pkg-config doesn't know.
cflags = $(if $(1),$(shell $(PKG_CONFIG) --cflags $(1)))
libs = $(if $(1),$(shell $(PKG_CONFIG) --libs $(filter-out -l%,$(1)))) \
	$(filter -l%,$(1))
all_pkg_cflags = $(eval all_pkg_cflags := $(call cflags,$(sort $(pkgs))))$(all_pkg_cflags)

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(hd_cflags) $(hardening) $(all_pkg_cflags) $(CPPFLAGS) \
		$(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/lib/lib.a: $(lib_src:%.c=$(O)/%.o) $(xml_src:%.c=$(O)/%.o)
	$(call say,AR)rm -f $@; $(AR) rcs $@ $^

link = $(call say,LD)$(CC) $(CFLAGS) $(hardening) $(hd_link_hardening) $(hd_ldflags) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	$(filter %.a,$^) $(call libs,$(1))

-include $(shell test -d $(O) && find $(O) -name '*.d')

install: all $(install_targets)

clean:
	rm -rf $(O)

format:
	git ls-files -z '*.c' '*.h' | xargs -0 $(CLANG_FORMAT) -i

.PHONY: all install clean format
.DELETE_ON_ERROR:
