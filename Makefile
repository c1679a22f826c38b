# SPDX-License-Identifier: Apache-2.0
# The layers: what each may use and link.  The build enforces this table (see "layers" below).
layer = $(eval LAYERS += $(strip $1))$(eval USES_$(strip $1) := $2)$(eval LIBS_$(strip $1) := $3)

#             layer       may use                         may link
$(call layer, base,       ,                                 -lev)
$(call layer, jsonrpc,    base                          , -lssl -lcrypto)
$(call layer, ovsdb,      base                          , -lcrypto)
$(call layer, session,    ovsdb jsonrpc base            , )
$(call layer, switch,     base                          , )
$(call layer, datapath,   switch base                   , -lbpf -lmnl -lpcap)
$(call layer, reconcile,  datapath switch ovsdb base    , )
$(call layer, cli,        jsonrpc base                  , )
# userspace/*.c (main.c, the command line) is wiring: it sees all of them and adds libcap-ng and libsystemd.

# make          programs into build/, with the layer check
# make run      (root) installs what is missing, builds, starts bvsd in the foreground
# make demo     (root) a SPAN mirror set up and watched in throw-away namespaces
# make test     (root) everything: packages, build, all tests; one group: tests/run unit
# make test-vm  (root) the bpf and net groups on Linux 6.1 and 6.12, in virtual machines
# make check    format, layers, warnings as errors by gcc and clang, static analysis, verifier counts
# make asan     build/asan/ under address and undefined sanitizers, and the tests that fit
# make fuzz     libFuzzer on each target in tests/fuzz, FUZZ_SECONDS (600) each
# make mutants  (root) each planted fault must make its test fail
# make clean    removes build/, the only folder that any of these writes to

BUILD ?= build
MAKEFLAGS += $(if $(filter 0,$(MAKELEVEL)),-j$(shell nproc))
CC := gcc
CLANG ?= clang
BPFTOOL ?= bpftool
CFLAGS ?= -O2 -g
MULTIARCH := $(shell $(CC) -print-multiarch)

WARN := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum
# libev's watcher macros, like much of the kernel's headers, count on no strict aliasing.
FLAGS = -std=gnu11 -D_GNU_SOURCE -fPIC -fno-strict-aliasing $(WARN) $(WERROR) $(SAN) \
	-MMD -MP -Iuserspace $(CFLAGS)
BPF_FLAGS = -target bpf -mcpu=v3 -O2 -g -Wall $(WERROR) -MMD -MP -Ibpf -I/usr/include/$(MULTIARCH)

# V=1 shows the commands.
say = $(if $V,,@printf '  %-5s %s\n' $1 $@;)
to_obj = $(patsubst %.c,$(BUILD)/%.o,$1)
sources = $(wildcard userspace/$1/*.c)
# Layers that have sources.  The daemon is every layer but cli.
PRESENT := $(foreach l,$(LAYERS),$(if $(call sources,$l),$l))
DAEMON := $(filter-out cli,$(PRESENT))
ARCHIVES := $(patsubst %,$(BUILD)/lib%.a,$(DAEMON))
LIBS := $(sort $(foreach l,$(DAEMON),$(LIBS_$l)))
OBJECTS := $(call to_obj,$(foreach l,$(PRESENT),$(call sources,$l)) $(wildcard userspace/*.c))
PROGRAMS := $(if $(wildcard userspace/main.c),$(BUILD)/bvsd) \
	$(if $(wildcard userspace/cli/*.c),$(BUILD)/bvsctl)

# explain.bpf.c is the packet path once more, with recorders: linked by itself.
BPF_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out bpf/explain.bpf.c,$(wildcard bpf/*.bpf.c)))
SKEL := $(if $(BPF_OBJECTS),$(BUILD)/bpf/bvs.skel.h $(BUILD)/bpf/explain.skel.h)

# In tests/unit and tests/bpf each *_test.c is a program; other .c files there are linked into
# every one of them, each *.bpf.c becomes a skeleton that they include by its name.
TEST_SOURCES := $(wildcard tests/unit/*.c tests/fuzz/*.c) $(filter-out %.bpf.c,$(wildcard tests/bpf/*.c))
TEST_OBJECTS := $(call to_obj,$(TEST_SOURCES))
TESTS := $(patsubst %.o,%,$(filter %_test.o,$(TEST_OBJECTS)))
# Each tests/fuzz/NAME_fuzz.c is a program: a test that replays its corpus, or under libFuzzer.
FUZZERS := $(patsubst %.o,%,$(filter %_fuzz.o,$(TEST_OBJECTS)))
FUZZ_ENTRY ?= fuzz_replay
TEST_SKELS := $(patsubst %.bpf.c,$(BUILD)/%.skel.h,$(wildcard tests/bpf/*.bpf.c))

.PHONY: all programs layers objects tests skeletons run demo test test-vm check asan fuzz fuzzers mutants clean print-layers
.DELETE_ON_ERROR:
.SECONDARY:

all: programs layers
programs: $(PROGRAMS) $(patsubst %,$(BUILD)/lib%.a,$(PRESENT))
objects: $(OBJECTS) $(TEST_OBJECTS)
tests: $(TESTS) $(FUZZERS)
skeletons: $(SKEL) $(TEST_SKELS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(FLAGS) $(INCLUDES) -c -o $@ $<

# The schema is inside the program; the compiler does not tell that it was read.
$(BUILD)/userspace/main.o: schema/vswitch.ovsschema

# Only datapath, and tests, see the headers that are shared with the packet path.
BPF_INCLUDES = -Ibpf -I$(BUILD)/bpf
$(BUILD)/userspace/datapath/%.o: INCLUDES = $(BPF_INCLUDES)
$(filter $(BUILD)/userspace/datapath/%,$(OBJECTS)): | $(SKEL)
$(TEST_OBJECTS): INCLUDES = -Itests $(BPF_INCLUDES) -I$(BUILD)/tests/bpf
$(filter $(BUILD)/tests/bpf/%,$(TEST_OBJECTS)): | $(SKEL) $(TEST_SKELS)

# A layer is an archive.  It is also linked alone, against the layers it may use as shared
# objects: so the linker refuses what the table does not allow, used directly or at second hand.
layers: $(patsubst %,$(BUILD)/layers/%.so,$(PRESENT))
define layer_rules
$(BUILD)/lib$1.a: $(call to_obj,$(call sources,$1))
	$$(call say,AR) rm -f $$@ && $(AR) rcsD $$@ $$^

$(BUILD)/layers/$1.so: $(BUILD)/lib$1.a $(patsubst %,$(BUILD)/layers/%.so,$(filter $(PRESENT),$(USES_$1))) Makefile
	@mkdir -p $$(@D)
	$$(call say,LAYER) $(CC) $(SAN) -shared -o $$@ -Wl,--no-undefined -Wl,--whole-archive $$< -Wl,--no-whole-archive \
		$$(filter %.so,$$^) $(LIBS_$1)
endef
$(foreach l,$(PRESENT),$(eval $(call layer_rules,$l)))

print-layers: # "layer: what it may use: what it may link", for tools/check-layers
	@$(foreach l,$(LAYERS),echo '$l: $(strip $(USES_$l)): $(strip $(LIBS_$l))';)

$(BUILD)/bvsd: $(call to_obj,$(wildcard userspace/*.c)) $(ARCHIVES)
	$(call say,LINK) $(CC) $(SAN) -o $@ $(filter %.o,$^) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS) -lcap-ng -lsystemd

$(BUILD)/bvsctl: $(patsubst %,$(BUILD)/lib%.a,$(filter $(PRESENT),cli $(USES_cli)))
	$(call say,LINK) $(CC) $(SAN) -o $@ -Wl,--whole-archive $(BUILD)/libcli.a -Wl,--no-whole-archive \
		-Wl,--start-group $^ -Wl,--end-group $(foreach l,cli $(USES_cli),$(LIBS_$l))

$(BUILD)/%.bpf.o: %.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF) $(CLANG) $(BPF_FLAGS) -c -o $@ $<

$(BUILD)/bpf/bvs.bpf.o: $(BPF_OBJECTS)
	$(call say,BPF) $(BPFTOOL) gen object $@ $^

$(BUILD)/bpf/bvs.skel.h: $(BUILD)/bpf/bvs.bpf.o
	$(call say,SKEL) $(BPFTOOL) gen skeleton $< name bvs > $@

$(BUILD)/bpf/explain.skel.h: $(BUILD)/bpf/explain.bpf.o
	$(call say,SKEL) $(BPFTOOL) gen skeleton $< name bvs_explain > $@

$(BUILD)/tests/bpf/%.skel.h: $(BUILD)/tests/bpf/%.bpf.o
	$(call say,SKEL) $(BPFTOOL) gen skeleton $< name $* > $@

# bvsctl's main() is not taken from its archive, as the test has one.
$(TESTS): %: %.o $(ARCHIVES) $(BUILD)/libcli.a
	$(call say,LINK) $(CC) $(SAN) -o $@ $(filter %.o,$^) -Wl,--start-group $(ARCHIVES) $(BUILD)/libcli.a \
		-Wl,--end-group $(LIBS) -lcmocka
$(FUZZERS): %: %.o $(BUILD)/tests/fuzz/fuzz.o $(BUILD)/tests/fuzz/$(FUZZ_ENTRY).o $(ARCHIVES)
	$(call say,LINK) $(CC) $(SAN) $(FUZZ_LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS)

helpers = $(filter-out %_test.o,$(filter $(BUILD)/tests/$1/%,$(TEST_OBJECTS)))
$(filter $(BUILD)/tests/unit/%,$(TESTS)): $(call helpers,unit)
$(filter $(BUILD)/tests/bpf/%,$(TESTS)): $(call helpers,bpf)

run:
	+@tools/run

demo:
	+@tools/demo

test:
	@[ $$(id -u) = 0 ] || { echo 'make test: must be root (BPF programs, namespaces)' >&2; exit 1; }
	@tools/deps
	@tools/peers
	@tools/peers tshark
	@$(MAKE) --no-print-directory all tests
	@tests/run

test-vm:
	@[ $$(id -u) = 0 ] || { echo 'make test-vm: must be root (it installs packages)' >&2; exit 1; }
	@tools/deps
	@tools/peers
	@$(MAKE) --no-print-directory all tests
	@tools/vm/test

check:
	+@tools/check

asan:
	@$(MAKE) --no-print-directory BUILD=build/asan CFLAGS="-O1 -g -Wno-format-truncation" \
		SAN="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer" \
		programs tests
	@BUILD=build/asan tests/run unit ovsdb bpf

fuzz:
	@tools/deps fuzz
	@$(MAKE) --no-print-directory BUILD=build/fuzz CC=clang CFLAGS="-O1 -g" FUZZ_ENTRY=fuzz_entry \
		FUZZ_LINK=-fsanitize=fuzzer fuzzers \
		SAN="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer"
	@tools/fuzz

fuzzers: $(FUZZERS)

mutants:
	@tools/peers
	@tools/peers tshark
	+@tools/mutants

clean:
	rm -rf build

-include $(patsubst %.o,%.d,$(OBJECTS) $(TEST_OBJECTS) $(BPF_OBJECTS)) $(wildcard $(BUILD)/bpf/*.d $(BUILD)/tests/bpf/*.d)
