# `make chat` starts a chat, `make test` runs all tests, `make help` lists all targets. All builds use release mode.
# Missing requirements (Debian packages, the default model, the Python packages of the tests) are installed or
# downloaded when a target first needs them.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BUILD := .build
SOTTO := $(BUILD)/release/sotto
BUILT := $(BUILD)/sotto.built
MODELS := $(or $(XDG_DATA_HOME),$(HOME)/.local/share)/sotto/models
MODEL := $(MODELS)/SmolLM2-135M-Instruct.Q4_1.gguf
VENV := .venv
PYTHON := $(VENV)/bin/python
PREFIX ?= $(HOME)/.local
DESTDIR ?=
# The program with Swift's runtime linked in, and what is installed beside it.
STATIC := $(BUILD)/installable
DEB := $(BUILD)/sotto.deb
TOOLKIT := $(BUILD)/cuda-toolkit
KERNELS := $(BUILD)/release/sotto-cuda.kernels
# The compiler of the 13.0 line: any driver of the 580 series runs what it makes.
CUDA_PACKAGES := nvidia-cuda-nvcc==13.0.* nvidia-nvvm==13.0.* nvidia-cuda-crt==13.0.* nvidia-cuda-cccl==13.0.* \
  nvidia-cuda-runtime==13.0.*

# Folders are prerequisites as well, because the removal of a file changes the modification time of its folder.
SOURCES := Package.swift $(shell find Sources -not -name '.*')

# The Debian packages by purpose.
BUILD_PACKAGES := libncurses-dev libsqlite3-dev python3
FETCH_PACKAGES := python3 python3-pip
DEB_PACKAGES := $(BUILD_PACKAGES) dpkg-dev
INSTALL_TEST_PACKAGES := $(DEB_PACKAGES) debootstrap
TEST_PACKAGES := $(BUILD_PACKAGES) $(FETCH_PACKAGES) python3-venv tmux
ARM64_PACKAGES := libc6-dev-arm64-cross gcc-aarch64-linux-gnu qemu-user

.PHONY: help chat build cuda test-device model test test-swift test-scripts sanitize lint bench install uninstall deb \
  check-install clean

help: ## list all targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

chat: $(BUILT) $(MODEL) ## chat with the default model
	@exec $(SOTTO) chat

build: $(BUILT) ## build the program (.build/release/sotto)

cuda: $(KERNELS) ## build the kernels for NVIDIA GPUs (downloads NVIDIA's compiler, 100 MB)

$(KERNELS): $(TOOLKIT)/ready $(wildcard Sources/CUDAKernels/* Sources/CCUDA/include/*) Scripts/build-kernels | $(BUILT)
	Scripts/build-kernels $(TOOLKIT) $@

$(TOOLKIT)/ready:
	@Scripts/install-packages python3 python3-venv g++
	python3 -m venv $(TOOLKIT)
	$(TOOLKIT)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(CUDA_PACKAGES)
	@touch $@

test-device: $(KERNELS) ## run the tests that need an NVIDIA GPU
	swift build -c release --product DeviceTests
	Tests/Device/run

model: $(MODEL) ## download the default model

$(BUILT): $(SOURCES)
	@Scripts/install-packages $(BUILD_PACKAGES)
	swift build -c release --product sotto
	@touch $@

$(MODEL):
	@Scripts/install-packages $(FETCH_PACKAGES)
	@python3 Scripts/fetch-model.py "$@"

test: lint test-swift sanitize test-scripts ## run all checks: formatting, warnings, unit, sanitizer and script tests

# Without testable imports the release objects are those of `swift build`, so nothing is compiled twice.
test-swift: $(MODEL)
	@Scripts/install-packages $(TEST_PACKAGES)
	@Scripts/build-without-warnings --build-tests
	swift test -c release --disable-testable-imports

test-scripts: $(BUILT) $(MODEL) $(VENV)/ready
	SOTTO=$(SOTTO) $(PYTHON) Tests/Scripts/run.py "$(MODEL)"

sanitize: ## check the kernels, the thread pool and the generator for memory errors and data races
	@Scripts/install-packages $(BUILD_PACKAGES)
	sh Tests/Scripts/check_sanitizers.sh

$(VENV)/ready: Tests/Scripts/requirements.txt
	@Scripts/install-packages $(TEST_PACKAGES)
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

lint: ## check the formatting of Swift code, and C warnings for this machine and arm64
	swift format lint --strict --configuration .swift-format --recursive Sources Tests Package.swift
	clang -std=c17 -Wall -Wextra -Werror -fsyntax-only -I Sources/CKernels/include \
	  $$(find Sources/CKernels -name '*.c')
	clang -std=c17 -Wall -Wextra -Werror -fsyntax-only -I Sources/CNetwork/include Sources/CNetwork/*.c
	@Scripts/install-packages $(ARM64_PACKAGES)
	sh Tests/Scripts/check_arm64.sh

bench: $(BUILT) $(MODEL) ## measure the time to first token and tokens per second of the default model
	$(SOTTO) bench "$(MODEL)"

# The objects are those of `build`; only the link differs. Objects that were compiled against the shared libraries do not
# name what the static ones need.
STATIC_LIBRARIES := Foundation FoundationInternationalization FoundationEssentials _FoundationCollections \
  _FoundationCShims CoreFoundation _FoundationICU swiftSynchronization stdc++

$(STATIC)/ready: $(BUILT) Scripts/make-manual.py
	swift build -c release --product sotto --static-swift-stdlib $(STATIC_LIBRARIES:%=-Xlinker -l%)
	Scripts/make-installable $(SOTTO) $(STATIC)
	@touch $@

install: $(STATIC)/ready ## install to PREFIX (default ~/.local), below DESTDIR
	Scripts/install $(STATIC) "$(DESTDIR)$(PREFIX)" $(if $(DESTDIR),,--record)

uninstall: ## remove what `make install` installed to PREFIX
	Scripts/install --remove "$(DESTDIR)$(PREFIX)"

deb: $(STATIC)/ready ## build a Debian package (.build/sotto.deb)
	@Scripts/install-packages $(DEB_PACKAGES)
	Scripts/make-deb $(STATIC) $(DEB)

check-install: deb $(MODEL) ## try installation, package and removal in a bare Debian 12 (needs root and the network)
	@Scripts/install-packages $(INSTALL_TEST_PACKAGES)
	Tests/Scripts/check_install.sh $(STATIC) $(DEB) "$(MODEL)"

clean: ## remove build products (not models and conversations)
	rm -rf $(BUILD) .build-sanitizers $(VENV)
