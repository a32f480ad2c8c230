#!/bin/sh
# SPDX-License-Identifier: MIT
# Make configure from configure.ac. Needs autoconf, automake, autopoint, pkg-config.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force
