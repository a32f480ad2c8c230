# SPDX-License-Identifier: MIT
# Plain OpenSSH reaches a machine as NAME.vm once it is installed, and nothing is touched before or after: with a HOME of its
# own, whose ssh settings would break it if they had a say.
command -v ssh >/dev/null || { echo "no ssh here"; exit 77; }
HOME=$SMOKE_WORK/names-home
export HOME
mkdir -m 700 "$HOME" "$HOME/.ssh"
printf 'Host *\n    User nobody\n    ProxyJump nowhere.invalid\n    StrictHostKeyChecking no\n    ForwardAgent yes' >"$HOME/.ssh/config"
chmod 640 "$HOME/.ssh/config"
before=$(cksum <"$HOME/.ssh/config")
# ssh looks for the home directory in passwd(5), so its file is named.
plain() { ssh -F "$HOME/.ssh/config" -o BatchMode=yes -o ConnectTimeout=20 "$@"; }
blocks() { grep -c '^Host ' "$BANGER_CONFIG_DIR/ssh_config" || true; }

tui vm create names1
expect_in "printed" "Host names1.vm" "$(tui ssh-config)"
[ ! -e "$BANGER_CONFIG_DIR/ssh_config" ] || die "a file was made unasked"
expect_eq "untouched" "$before" "$(cksum <"$HOME/.ssh/config")"

tui ssh-config --install
tui ssh-config --install
expect_eq "Includes" 1 "$(grep -c '^Include ' "$HOME/.ssh/config")"
expect_eq "mode" 640 "$(stat -c %a "$HOME/.ssh/config")"
expect_eq "its mode" 600 "$(stat -c %a "$BANGER_CONFIG_DIR/ssh_config")"
expect_eq "plain ssh" names1 "$(plain names1.vm hostname)"
expect_in "the doctor" "ssh NAME.vm works" "$(tui doctor || true)"
if command -v scp >/dev/null; then
	echo "from the host" >"$SMOKE_WORK/words"
	scp -q -F "$HOME/.ssh/config" -o BatchMode=yes "$SMOKE_WORK/words" names1.vm:/root/words
	expect_eq "scp" "from the host" "$(tui vm exec names1 -- cat /root/words)"
fi

# It follows: a machine that comes, and one that goes.
tui vm create names2
expect_eq "blocks" 2 "$(blocks)"
expect_eq "plain ssh" names2 "$(plain names2.vm hostname)"
tui vm restart names2
expect_eq "after a restart" names2 "$(plain names2.vm hostname)"

# A machine with another host key in its place is refused.
sed -i "s/,banger-$(field names1 id) ssh-ed25519 [^ ]*/,banger-$(field names1 id) $(cut -d' ' -f1,2 "$(vm_dir names2)/ssh_host_ed25519_key.pub" | sed 's,/,\\/,g')/" \
	"$BANGER_STATE_DIR/ssh/known_hosts"
if plain names1.vm true 2>"$SMOKE_WORK/refusal"; then die "a wrong host key was accepted"; fi
expect_in "why" "HOST IDENTIFICATION HAS CHANGED" "$(cat "$SMOKE_WORK/refusal")"

tui vm delete names1
expect_eq "blocks" 1 "$(blocks)"
if plain names1.vm true 2>/dev/null; then die "a deleted machine answers"; fi
tui ssh-config --uninstall
expect_eq "as before" "$before" "$(cksum <"$HOME/.ssh/config")"
expect_eq "mode" 640 "$(stat -c %a "$HOME/.ssh/config")"
expect_eq "in ~/.ssh" config "$(ls "$HOME/.ssh")"
[ ! -e "$BANGER_CONFIG_DIR/ssh_config" ] || die "our file is left"
tui vm delete names2
[ ! -e "$BANGER_CONFIG_DIR/ssh_config" ] || die "our file came back"
assert_clean
