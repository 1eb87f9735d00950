# Throughline. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
RELEASE := .build/release/throughline
DEMO ?= demo-output
PREFIX ?= $(HOME)/.local

.PHONY: help setup build install models demo test lint format training-test accuracy bench soak clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Install the system packages that are missing (asks for root only then)
	@scripts/setup

build: setup ## Build the program for use: .build/release/throughline
	@echo "build: compiling (the first time takes several minutes)"
	@$(SWIFT) build -c release --product throughline 2>&1 | scripts/progress "build"

install: build ## Install the program as PREFIX/bin/throughline (PREFIX is ~/.local unless given)
	@install -D -m 0755 "$(RELEASE)" "$(DESTDIR)$(PREFIX)/bin/throughline"
	@echo "install: $(DESTDIR)$(PREFIX)/bin/throughline; 'throughline doctor' says what is missing on this machine"

models: build ## Fetch the runtime and the default models into the user's cache
	@scripts/fetch-models "$(RELEASE)"

demo: models ## Run the main job on four real cameras and leave results in demo-output/
	@scripts/demo "$(RELEASE)" "$(DEMO)"

test: ## Install, build and run the whole test suite
	@scripts/test

lint: ## Check the format
	@$(SWIFT) format lint --strict --configuration .swift-format --recursive Package.swift Sources Tests

format: ## Format the sources in place
	@$(SWIFT) format --in-place --configuration .swift-format --recursive Package.swift Sources Tests

training-test: ## Test the training code (installs PyTorch and others, 2 GB, into training/reid/.venv)
	@scripts/training-test --install

accuracy: models ## Print the accuracy figures of Documentation/accuracy.md
	@scripts/accuracy "$(RELEASE)"

bench: models ## Measure four streams in real time and compare with the goals (CLIPS=DIRECTORY takes your clips)
	@scripts/setup gstreamer1.0-tools
	@Benchmarks/run "$(RELEASE)"

soak: models ## Run four RTSP cameras for an hour and kill one every minute
	@scripts/setup gstreamer1.0-tools
	@Benchmarks/soak "$(RELEASE)"

clean: ## Remove what was built and the demo's results; fetched models stay in the cache
	@rm -rf .build .build-* "$(DEMO)"
