/* SPDX-License-Identifier: MIT */
/*
 * How the host calls a program of the boot kit over SSH.
 *
 * A command that begins with WIRE_KIT_PROGRAM and has no characters but WIRE_KIT_CHARS and single spaces is run by the login shell
 * itself, split at the spaces, so that it works whatever shell the image has, and where it has none (doc/guest.md). To a shell it
 * means the same, so that a kit that does not know one hands it on unchanged. What has other characters is quoted by the host and is the
 * image's shell's.
 */
#ifndef BANGER_WIRE_KIT_H
#define BANGER_WIRE_KIT_H

#define WIRE_KIT_PROGRAM "banger-guest"
#define WIRE_KIT_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./"

#endif
