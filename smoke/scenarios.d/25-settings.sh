# SPDX-License-Identifier: MIT
# What banger.conf asks for is there in the guest: defaults, synced files, the person's own key, the idle stop.
mkdir -p "$BANGER_CONFIG_DIR" "$SMOKE_WORK/sync/dir"
echo 'set number' >"$SMOKE_WORK/sync/vimrc"
echo nested >"$SMOKE_WORK/sync/dir/file"
ssh-keygen -q -t ed25519 -N '' -f "$SMOKE_WORK/sync/key"
cat >"$BANGER_CONFIG_DIR/banger.conf" <<EOF
vm { memory = "192M" work_disk = "1G" auto_stop_after = "8s" }
paths { ssh_key = "$SMOKE_WORK/sync/key" }
file_sync rc { host = "$SMOKE_WORK/sync/vimrc" guest = "/root/.vimrc" mode = "0644" }
file_sync tree { host = "$SMOKE_WORK/sync/dir" guest = "/root/tree" }
file_sync missing { host = "/nonexistent/file" guest = "/root/none" }
EOF
trap 'rm -f "$BANGER_CONFIG_DIR/banger.conf"' EXIT

tui vm create set1
expect_eq "memory" 192 "$(field set1 memory_mib)"
expect_eq "synced file" "set number" "$(tui vm exec set1 -- cat /root/.vimrc)"
expect_eq "its mode" 644 "$(tui vm exec set1 -- stat -c %a /root/.vimrc)"
expect_eq "synced directory" nested "$(tui vm exec set1 -- cat /root/tree/file)"
ssh -i "$SMOKE_WORK/sync/key" -p "$(field set1 ssh_port)" -o UserKnownHostsFile="$BANGER_STATE_DIR/ssh/known_hosts" \
	-o StrictHostKeyChecking=yes -o BatchMode=yes root@127.0.0.1 true || die "plain ssh with that key and the pinned host key failed"
expect_in "what is missing is told" "/nonexistent/file" "$(cat "$BANGER_STATE_DIR/log/banger-tui.log")"
# Nobody is logged in any more: it powers itself off and is seen to.
within 60 state_is set1 stopped || die "still $(field set1 state) long after the idle time"
expect_in "reason" "powered" "$(field set1 reason)"
tui vm delete set1
assert_clean
