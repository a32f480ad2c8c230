/* SPDX-License-Identifier: MIT */
/*
 * The verbs, one function each: what cli.c's table points at.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/client.h"
#include "cli/opts.h"

/* Run the verb; the exit code comes back. Errors are told by client_complain() inside. */
int verb_vm_run(const struct cli_env *env, struct opts *o);
int verb_vm_create(const struct cli_env *env, struct opts *o);
int verb_vm_list(const struct cli_env *env, struct opts *o);
int verb_vm_show(const struct cli_env *env, struct opts *o);
int verb_vm_start(const struct cli_env *env, struct opts *o);
int verb_vm_stop(const struct cli_env *env, struct opts *o);
int verb_vm_kill(const struct cli_env *env, struct opts *o);
int verb_vm_restart(const struct cli_env *env, struct opts *o);
int verb_vm_pause(const struct cli_env *env, struct opts *o);
int verb_vm_resume(const struct cli_env *env, struct opts *o);
int verb_vm_delete(const struct cli_env *env, struct opts *o);
int verb_vm_prune(const struct cli_env *env, struct opts *o);
int verb_vm_set(const struct cli_env *env, struct opts *o);
int verb_vm_commit(const struct cli_env *env, struct opts *o);
int verb_vm_exec(const struct cli_env *env, struct opts *o);
int verb_vm_ssh(const struct cli_env *env, struct opts *o);
int verb_vm_stats(const struct cli_env *env, struct opts *o);
int verb_vm_logs(const struct cli_env *env, struct opts *o);
int verb_image_list(const struct cli_env *env, struct opts *o);
int verb_image_pull(const struct cli_env *env, struct opts *o);
int verb_image_inspect(const struct cli_env *env, struct opts *o);
int verb_image_prune(const struct cli_env *env, struct opts *o);
int verb_image_import(const struct cli_env *env, struct opts *o);
int verb_image_register(const struct cli_env *env, struct opts *o);
int verb_image_promote(const struct cli_env *env, struct opts *o);
int verb_image_delete(const struct cli_env *env, struct opts *o);
int verb_kernel_list(const struct cli_env *env, struct opts *o);
int verb_kernel_pull(const struct cli_env *env, struct opts *o);
int verb_kernel_import(const struct cli_env *env, struct opts *o);
int verb_kernel_delete(const struct cli_env *env, struct opts *o);
int verb_ssh_config(const struct cli_env *env, struct opts *o);
int verb_doctor(const struct cli_env *env, struct opts *o);

/* Shared: complain and give the exit code of an error (2 for bad usage, else `failed`). */
int verb_fail(const struct err *e, int failed);

#endif
