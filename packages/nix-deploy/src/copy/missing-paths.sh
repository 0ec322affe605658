#!/bin/sh
# Reads store paths and prints those that nix does not have.
xargs nix-store --check-validity --print-invalid
