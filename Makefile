# SPDX-License-Identifier: GPL-2.0-only
#
#   make            ./calitrace
#   make static     ./calitrace-static, which needs nothing of the machine it runs on
#   make static-arm64  ./calitrace-static-arm64, cross-built (Debian's packages, fetched)
#   make man        the manual, from tools/man and the help texts: .output/man
#   make deb        .output/pkg/calitrace_VERSION_ARCH.deb
#   make demo       the founding incident on an embedded lab (root)
#   make test       all tests (root); test-unit, test-bpf, test-matrix are its parts
#   make test-faults  every fault on KERNEL=native|5.10|6.1|6.12|6.18|7.x, and the scoreboard (root);
#                   START=before|late for one half; goes on where it was interrupted
#   make bench      what tracing costs the traffic, against peers, on this kernel and in virtual
#                   machines that count instructions; CPU time of the engine, of captures against
#                   peers, of check (root)
#   make fuzz       each reader of foreign octets for FUZZ_SECONDS (60) with what nobody means well with
#   make fuzz-long  the same, FUZZ_RUNS (10000000) times each, in parts: goes on where it was interrupted
#   make kill-500   SIGKILL at 500 random moments; KILL_ROUNDS (root)
#   make soak       an hour of churn, SOAK_SECONDS: what it takes of memory, files, and what is lost (root)
#   make analyze    clang --analyze and cppcheck of the user side; valgrind on what is done without root
#   make coverage   lines of the pure modules that the unit tests run
#   make lint       format, sizes, include direction, shell scripts
#   make bpf-arm64  compile the kernel side for arm64, from whatever machine
#   make install    PREFIX=/usr/local, DESTDIR; make uninstall takes it away again
#
# V=1 shows the commands, SAN=1 builds with the address and undefined behaviour
# sanitizers into a directory of its own. Cross build: CC=aarch64-linux-gnu-gcc.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all static static-arm64 man deb uninstall bpf bpf-x86_64 bpf-arm64 demo test test-progs test-unit test-bpf \
	test-matrix test-faults kill-500 soak grid analyze coverage coverage-progs bench-progs bench fuzz-progs fuzz fuzz-long \
	lint install clean FORCE
all:

ifeq ($(origin CC),default)
CC := cc
endif
ifeq ($(origin AR),default)
AR := $(if $(filter %-gcc,$(CC)),$(CC:%-gcc=%-ar),ar)
endif
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local

# The compiler's target, not the machine's, says which object is embedded.
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null || uname -m)))
ARCH := $(patsubst aarch64%,arm64,$(MACHINE))
HOST_ARCH := $(patsubst aarch64%,arm64,$(shell uname -m))
B := .output
O := $(B)/$(ARCH)$(if $(SAN),-san)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

# Sources. The kernel side is one translation unit that includes its parts.
USER_SRCS := $(sort $(wildcard user/*.c))
USER_OBJS := $(USER_SRCS:%.c=$(O)/%.o) $(O)/user/bpf_object.o $(O)/user/report_css.o
MAIN_OBJ := $(O)/user/main.o
LIB := $(O)/libcalitrace.a
PROG := $(if $(SAN),$(O)/calitrace,calitrace)
STATIC := calitrace-static$(if $(filter-out $(HOST_ARCH),$(ARCH)),-$(ARCH))
BPF_SRC := bpf/calitrace.bpf.c
BPF_OBJ := $(B)/$(ARCH)/calitrace.bpf.o

# Libraries. libpcap is not asked of pkg-config: of its archive's needs, dbus is stubbed by an
# object under user/static/. Those go into the static program alone.
PKGS := libbpf libelf zlib libnl-3.0 libnl-route-3.0 jansson ncursesw
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(filter -I%,$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)))
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lpcap
STATIC_LIBS = $(shell $(PKG_CONFIG) --static --libs $(PKGS) 2>/dev/null)

# The archive of libmicrohttpd where there is one, also for the dynamic program: the shared one
# brings gnutls and eight more libraries into a process that runs as root and has no use for TLS.
# What the archive names of gnutls is never called, and answered by functions that do nothing.
MHD_A := $(firstword $(wildcard $(shell $(PKG_CONFIG) --variable=libdir libmicrohttpd 2>/dev/null)/libmicrohttpd.a \
	$(shell $(CC) $(LDFLAGS) -print-file-name=libmicrohttpd.a 2>/dev/null)))
MHD_STUBS := $(if $(MHD_A),$(O)/gnutls_stubs.o)
MHD_LIBS := $(if $(MHD_A),$(MHD_A) $(MHD_STUBS) -lpthread,$(shell $(PKG_CONFIG) --libs libmicrohttpd 2>/dev/null))
PKG_CFLAGS += $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags libmicrohttpd 2>/dev/null))
PKG_LIBS += $(MHD_LIBS)
STATIC_SRCS := $(sort $(wildcard user/static/*.c))
STATIC_OBJS := $(STATIC_SRCS:%.c=$(O)/%.o)

, := ,
CFLAGS ?= -O2 -g
# BTF and debug information name sources with the directory of the build, unless told otherwise, and the
# build's id is made of all that: the same program comes out wherever it is built.
HERE := -ffile-prefix-map='$(CURDIR)'=.
SANFLAGS := $(if $(SAN),-fsanitize=address$(,)undefined -fno-omit-frame-pointer)
USER_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror -I. -Iuser $(PKG_CFLAGS) \
	$(HERE) $(CFLAGS) $(SANFLAGS) $(CPPFLAGS) -MMD -MP

# -mcpu=v3 has been understood since Linux 5.1. Of it, atomics whose result is used need 5.12:
# those must not appear, and the kernel matrix loads everything on 5.10.
BPF_CFLAGS := $(HERE) -O2 -g -std=gnu11 -Wall -Werror -target bpf -mcpu=v3 -MMD -MP
BPF_TARGET_x86_64 := x86
BPF_TARGET_arm64 := arm64

# Objects whose source names CALITRACE_VERSION are compiled again when it changes.
VERSION := $(or $(shell tools/version.sh),$(error tools/version.sh does not tell the version))
VERSION_SRCS := $(if $(USER_SRCS),$(shell grep -l CALITRACE_VERSION $(USER_SRCS)))
VERSION_OBJS := $(VERSION_SRCS:%.c=$(O)/%.o)

all: $(PROG)
static: $(STATIC)
bpf: bpf-x86_64 bpf-arm64
bpf-x86_64 bpf-arm64: bpf-%: $(B)/%/calitrace.bpf.o

# A missing library is named with its package before anything is compiled.
$(B)/deps: tools/deps.sh
	$(Q)mkdir -p $(@D)
	$(Q)PKG_CONFIG='$(PKG_CONFIG)' tools/deps.sh check build
	$(Q)touch $@

$(B)/version: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

# DWARF goes, BTF stays.
$(B)/%/calitrace.bpf.o: $(BPF_SRC) | $(B)/deps
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_$(BPF_TARGET_$*) -Ivmlinux/$* -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(O)/%.o: %.c | $(B)/deps
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(USER_CFLAGS) -c $< -o $@

$(O)/user/bpf_object.o: user/bpf_object.S $(BPF_OBJ)
	$(say) AS $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -DBPF_OBJECT='"$(BPF_OBJ)"' -c $< -o $@

ifneq ($(MHD_A),)
$(MHD_STUBS:.o=.c): $(MHD_A)
	$(Q)mkdir -p $(@D)
	$(Q)$(patsubst %ar,%nm,$(AR)) -u $< 2>/dev/null | sed -n 's/^ *U \(gnutls_[a-z0-9_]*\)$$/\1/p' | sort -u | \
		sed 's/.*/int &(void);\n__attribute__((weak)) int &(void) { return 0; }/' >$@
$(MHD_STUBS): %.o: %.c
	$(say) CC $@
	$(Q)$(CC) $(USER_CFLAGS) -c $< -o $@
endif

$(O)/user/report_css.o: user/report_css.S user/report.css
	$(say) AS $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -c $< -o $@

$(VERSION_OBJS): CPPFLAGS += -DCALITRACE_VERSION='"$(VERSION)"'
$(VERSION_OBJS): $(B)/version

# Everything but main(), for the tests. Made anew each time: no member outlives its source.
$(LIB): $(filter-out $(MAIN_OBJ),$(USER_OBJS)) | $(MHD_STUBS)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(PROG): $(USER_OBJS) | $(MHD_STUBS)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(STATIC): $(USER_OBJS) $(STATIC_OBJS) | $(MHD_STUBS)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static -s -o $@ $^ $(MHD_LIBS) -lpcap $(STATIC_LIBS)

# The same make with another compiler, and libraries out of Debian's packages for that machine
static-arm64:
	$(Q)tools/pkg/cross.sh arm64 $(MAKE)

# Tests: each tests/unit/*.c and tests/bpf/*.c is a cmocka program of its own, linked with the
# library and with tests/support/*.c. Those of tests/bench and tests/fuzz need the library alone.
TEST_SUPPORT := $(patsubst %.c,$(O)/%.o,$(wildcard tests/support/*.c))
UNIT_PROGS := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*.c))
BPF_PROGS := $(patsubst %.c,$(O)/%,$(wildcard tests/bpf/*.c))
# traffic.c is what programs under tests/bench have in common.
BENCH_SHARED := $(O)/tests/bench/traffic.o
BENCH_PROGS := $(filter-out %/traffic,$(patsubst %.c,$(O)/%,$(wildcard tests/bench/*.c)))
# Each tests/fuzz/fuzz_*.c is a target. Without clang all of them are in one program and one unit
# test, which give them files, and change these at random; with it each is a program of libFuzzer.
FUZZ_SRCS := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_SHARED := tests/fuzz/common.c tests/fuzz/captures.c
FUZZ_OBJS := $(patsubst %.c,$(O)/%.o,$(FUZZ_SRCS) $(FUZZ_SHARED)) $(O)/tests/fuzz/replay.o
FUZZ_PROG := $(O)/tests/fuzz/main
FUZZ_TEST := $(O)/tests/fuzz/test_fuzz
# The kernel's answers come from the fuzzer.
FUZZ_WRAP := $(foreach f,sendto recvfrom access,-Wl$(,)--wrap=$(f))
# What measures the cost of tracing: the load and its other end, the floor that it is compared with.
COST := $(O)/tests/bench/cost
COST_PROGS := $(COST)/load $(COST)/floor $(COST)/insns
COST_OBJS := $(COST)/load.o $(COST)/serve.o $(COST)/floor.o $(COST)/insns.o
COST_BPF := $(COST)/floor.bpf.o
TEST_OBJS := $(addsuffix .o,$(UNIT_PROGS) $(BPF_PROGS) $(BENCH_PROGS) $(FUZZ_PROG) $(FUZZ_TEST)) \
	$(TEST_SUPPORT) $(BENCH_SHARED) $(FUZZ_OBJS) \
	$(COST_OBJS)
$(TEST_OBJS): CPPFLAGS += -Itests/support

$(UNIT_PROGS) $(BPF_PROGS): %: %.o $(TEST_SUPPORT) $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

$(BENCH_PROGS): %: %.o $(BENCH_SHARED) $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# Programs that must be refused
BAD_BPF := $(O)/tests/trust/bad.bpf.o
# Programs of others that must be left alone: tests/trust/kill.sh
FOREIGN_BPF := $(O)/tests/trust/foreign.bpf.o
# Preloaded by tests/trust/loss.sh
CLOCK_SO := $(O)/tests/trust/clock.so
$(CLOCK_SO): tests/trust/clock.c | $(B)/deps
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -shared -fPIC -o $@ $<

$(O)/tests/bpf/test_harm.o: $(BAD_BPF)
$(O)/tests/bpf/test_harm.o: CPPFLAGS += -DBAD_OBJECT='"$(BAD_BPF)"'

$(FUZZ_PROG) $(FUZZ_TEST): %: %.o $(FUZZ_OBJS) $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(FUZZ_WRAP) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

# libFuzzer's: everything compiled by clang once more. NULL + 0 is allowed by now (N3322).
FUZZ_O := $(B)/fuzz/$(ARCH)
FUZZ_CLANG_PROGS := $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=$(FUZZ_O)/%)
FUZZ_CFLAGS := -Wno-error -O1 -g -gline-tables-only -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -fno-sanitize=pointer-overflow
# A sanitizer marks every octet of what is allocated: the usual table is 9 of 10 ms of an execution,
# and no input of theirs fills it, where one has to be replaced for another.
FUZZ_SMALL := -DDEFAULT_PACKETS=64
FUZZ_LIB_OBJS := $(filter-out $(FUZZ_O)/user/main.o,$(USER_SRCS:%.c=$(FUZZ_O)/%.o)) \
	$(O)/user/bpf_object.o $(O)/user/report_css.o
$(FUZZ_O)/%.o: %.c | $(B)/deps
	$(say) FUZZCC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(filter-out $(CFLAGS) $(SANFLAGS),$(USER_CFLAGS)) $(FUZZ_CFLAGS) \
		-fsanitize=fuzzer-no-link -DLIBFUZZER $(FUZZ_SMALL) -c $< -o $@
$(FUZZ_CLANG_PROGS): $(FUZZ_O)/%: $(FUZZ_O)/tests/fuzz/fuzz_%.o $(FUZZ_SHARED:%.c=$(FUZZ_O)/%.o) $(FUZZ_LIB_OBJS) | $(MHD_STUBS)
	$(say) LINK $@
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer $(if $(filter %/netlink,$@),$(FUZZ_WRAP)) -o $@ $^ $(PKG_LIBS)
fuzz-progs: $(FUZZ_CLANG_PROGS)
fuzz: fuzz-progs
	$(Q)tests/fuzz/fuzz.sh $(FUZZ_O)
fuzz-long: fuzz-progs
	$(Q)tests/fuzz/fuzz.sh --long $(FUZZ_O)

# The pure modules and the decoders once more, with counters of lines, linked with each unit test.
COV := $(B)/coverage
COV_SRCS := $(wildcard $(addprefix user/,engine*.c judge*.c journey.c exchange.c finding*.c cause*.c timeline.c \
	*mirror.c role.c service.c dns_answers.c diff*.c digest*.c \
	decode.c icmp.c cap_codec.c cap_record.c cap_dissect.c cap_foreign.c bird_parse.c rtnl_parse.c ipset.c cni.c \
	conf_*.c filter*.c))
COV_OBJS := $(COV_SRCS:%.c=$(COV)/%.o)
COV_PROGS := $(UNIT_PROGS:$(O)/%=$(COV)/%)
$(COV_OBJS): $(COV)/%.o: %.c | $(B)/deps
	$(say) COVCC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(filter-out $(CFLAGS) $(SANFLAGS),$(USER_CFLAGS)) -O0 -g --coverage -c $< -o $@
$(COV_PROGS): $(COV)/%: $(O)/%.o $(COV_OBJS) $(TEST_SUPPORT) $(LIB)
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) --coverage -o $@ $^ $(PKG_LIBS) -lcmocka
coverage-progs: $(COV_PROGS)
coverage: coverage-progs
	$(Q)tests/trust/coverage.sh $(COV)

# A file that was found clean is not looked at again before it or what it includes changes.
ANALYZE := $(B)/analyze
ANALYZED := $(filter-out %/static/%,$(USER_SRCS:%.c=$(ANALYZE)/%.ok))
$(ANALYZED): $(ANALYZE)/%.ok: %.c | $(B)/deps
	$(say) ANALYZE $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) --analyze --analyzer-output text -Xclang -analyzer-werror $(filter-out -Werror,$(USER_CFLAGS)) \
		-MT $@ -MF $(@:.ok=.d) -o /dev/null $<
	$(Q)touch $@
analyze: $(ANALYZED) all $(UNIT_PROGS)
	$(Q)tests/trust/analyze.sh $(O)

KILL_ROUNDS ?= 500
SOAK_SECONDS ?= 3600
kill-500: all $(FOREIGN_BPF)
	tests/trust/kill.sh native $(B)/kill-500 $(KILL_ROUNDS)
soak: all
	tests/trust/soak.sh native $(B)/soak $(SOAK_SECONDS)

# Objects of other compilers, each in a program that loads it as a tracer does: KERNEL=6.1 make grid
GRID := $(B)/grid
GRID_CLANGS ?= clang-14 clang-16 clang-19
GRID_PROGS := $(GRID_CLANGS:%=$(GRID)/%/load)
$(GRID)/%/calitrace.bpf.o: $(BPF_SRC) $(wildcard bpf/*.h) | $(B)/deps
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$* $(filter-out -MMD -MP,$(BPF_CFLAGS)) -D__TARGET_ARCH_$(BPF_TARGET_$(ARCH)) -Ivmlinux/$(ARCH) -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@
$(GRID)/%/load: $(GRID)/%/calitrace.bpf.o user/bpf_object.S tests/trust/load.c $(LIB)
	$(say) LINK $@
	$(Q)$(CC) -DBPF_OBJECT='"$<"' -c user/bpf_object.S -o $(@D)/object.o
	$(Q)$(CC) $(filter-out -MMD -MP,$(USER_CFLAGS)) $(LDFLAGS) -o $@ tests/trust/load.c $(@D)/object.o $(LIB) $(PKG_LIBS)
.PRECIOUS: $(GRID)/%/calitrace.bpf.o
grid: $(GRID_PROGS)
	tests/trust/grid.sh $(KERNEL) $(GRID) $(GRID_CLANGS)

$(COST)/load: $(COST)/load.o $(COST)/serve.o
$(COST)/floor: $(COST)/floor.o
$(COST)/insns: $(COST)/insns.o
$(COST_PROGS): | $(MHD_STUBS)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(COST_BPF) $(BAD_BPF) $(FOREIGN_BPF): $(O)/%.o: %.c | $(B)/deps
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_$(BPF_TARGET_$(ARCH)) -Ivmlinux/$(ARCH) -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

# run_all PROGRAMS: all of them, then fail if one did
run_all = @failed=0; for t in $(1); do \
	$$t || { echo "FAILED: $$t" >&2; failed=1; }; done; exit $$failed

test-progs: $(UNIT_PROGS) $(BPF_PROGS) $(BENCH_PROGS) $(FUZZ_PROG) $(FUZZ_TEST) \
	$(COST_PROGS) $(COST_BPF) $(FOREIGN_BPF) $(CLOCK_SO)
test-unit: $(UNIT_PROGS) $(FUZZ_TEST)
	$(call run_all,$^)
test-bpf: $(BPF_PROGS)
	$(call run_all,$^)

# Programs that measure, and the peers that they are measured against: tests/bench/capture.sh
bench-progs: $(BENCH_PROGS) $(COST_PROGS) $(COST_BPF)

bench:
	$(Q)tools/deps.sh $(INSTALL_OR_CHECK) test
	$(Q)tools/deps.sh $(INSTALL_OR_CHECK) bench
	$(Q)$(MAKE) all bench-progs
	tests/bench/overhead --rounds 3
	tests/bench/overhead --kernel 6.1
	tests/bench/overhead --kernel 6.12
	$(O)/tests/bench/engine
	$(O)/tests/bench/capfile bench
	tests/bench/capture.sh
	tests/bench/check.sh

# Packages are installed for root only, and before make asks pkg-config: hence the second make.
INSTALL_OR_CHECK := $(if $(filter 0,$(shell id -u)),install,check)

test:
	$(Q)tools/deps.sh $(INSTALL_OR_CHECK) test
	$(Q)$(MAKE) all bpf test-progs
	$(Q)tests/run

test-matrix:
	$(Q)tools/deps.sh $(INSTALL_OR_CHECK) test
	$(Q)$(MAKE) all test-progs
	$(Q)tests/matrix --all

KERNEL ?= native
START ?= before late
test-faults:
	$(Q)tools/deps.sh $(INSTALL_OR_CHECK) test
	$(Q)$(MAKE) all
	$(Q)tests/scoreboard $(KERNEL) $(START)

demo:
	$(Q)tools/deps.sh $(INSTALL_OR_CHECK) demo
	$(Q)$(MAKE) all
	$(Q)tools/demo.sh

lint:
	$(Q)tools/lint.sh

# ---- the manual, packages ----

# Sections of a page that are not in a file of its own come from the help texts.
MAN := $(B)/man
MAN_PAGES := $(patsubst tools/man/%,$(MAN)/%,$(wildcard tools/man/*.[157]))
$(MAN)/%: tools/man/% tools/man/make.sh $(wildcard tools/man/*.inc tools/man/examples/*) $(wildcard user/help*.c) user/report_words.c VERSION
	$(Q)mkdir -p $(@D)
	$(Q)tools/man/make.sh $< >$@
man: $(MAN_PAGES)

SHARE = $(DESTDIR)$(PREFIX)/share
SYSTEMD = $(DESTDIR)$(PREFIX)/lib/systemd/system
COMPLETIONS := bash-completion/completions/calitrace zsh/vendor-completions/_calitrace \
	fish/vendor_completions.d/calitrace.fish
UNITS := $(wildcard tools/*/calitrace*.service)
install: $(PROG) man
	install -D -m 755 $(PROG) '$(DESTDIR)$(PREFIX)/bin/calitrace'
	for page in $(MAN_PAGES); do \
		install -D -m 644 -t '$(SHARE)/man/man'$${page##*.} $$page || exit 1; done
	install -D -m 644 tools/completion/calitrace.bash '$(SHARE)/bash-completion/completions/calitrace'
	install -D -m 644 tools/completion/_calitrace '$(SHARE)/zsh/vendor-completions/_calitrace'
	install -D -m 644 tools/completion/calitrace.fish '$(SHARE)/fish/vendor_completions.d/calitrace.fish'
	install -D -m 644 -t '$(SHARE)/calitrace/schema' tools/schema/*.json
	install -D -m 644 -t '$(SHARE)/calitrace/prometheus' tools/prometheus/*.yml tools/prometheus/*.json
	$(if $(UNITS),install -D -m 644 -t '$(SYSTEMD)' $(UNITS))
	$(if $(UNITS),cd '$(SYSTEMD)' && sed -i 's|/usr/local/bin/|$(PREFIX)/bin/|' $(notdir $(UNITS)))

uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/calitrace'
	! cd '$(SHARE)' 2>/dev/null || rm -f $(COMPLETIONS) \
		$(foreach p,$(notdir $(MAN_PAGES)),man/man$(lastword $(subst ., ,$p))/$p)
	$(if $(UNITS),! cd '$(SYSTEMD)' 2>/dev/null || rm -f $(notdir $(UNITS)))
	rm -rf '$(SHARE)/calitrace'

deb: $(PROG) man
	$(Q)tools/pkg/deb.sh $(PROG)

clean:
	$(Q)rm -rf $(B) calitrace calitrace-static*

-include $(USER_OBJS:.o=.d) $(STATIC_OBJS:.o=.d) $(TEST_OBJS:.o=.d) $(FUZZ_LIB_OBJS:.o=.d) \
	$(patsubst %.c,$(FUZZ_O)/%.d,$(FUZZ_SRCS) $(FUZZ_SHARED)) \
	$(B)/x86_64/calitrace.bpf.d $(B)/arm64/calitrace.bpf.d $(COST_BPF:.o=.d) $(BAD_BPF:.o=.d) $(FOREIGN_BPF:.o=.d) \
	$(COV_OBJS:.o=.d) $(ANALYZED:.ok=.d)
