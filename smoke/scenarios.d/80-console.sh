# SPDX-License-Identifier: MIT
# The console on a real VM, as a person would: make one from the form, see it boot, open its console, run top and vi, resize,
# leave, stop it, delete it.
command -v tmux >/dev/null || { echo "no tmux"; exit 77; }
sock=$SMOKE_WORK/tmux
t() { tmux -S "$sock" "$@"; }
screen() { t capture-pane -p -t con; }
keys() { t send-keys -t con "$@"; }
shows() { screen | grep -q -e "$1"; }
see() { # SECONDS PATTERN
	within "$1" shows "$2" || { screen; die "did not see '$2' within $1 s"; }
}
trap 't kill-server 2>/dev/null || true' EXIT

t new-session -d -s con -x 120 -y 36 "env LC_ALL=C.UTF-8 $BANGER; echo left with \$?; sleep 60"
see 10 'No machines yet'
keys n
see 5 'name'
# The name field has the focus; what is typed replaces the generated one.
keys C-u
keys -l web1
see 5 'web1'
keys Enter
see 60 'web1.*starting'
see 90 'web1.*running'
keys Enter
see 30 'root@web1'
keys 'top' Enter
see 10 'Load average'
keys q
see 10 'root@web1'
keys 'vi /etc/passwd' Enter
see 10 '^~'
keys ':q!' Enter
t resize-window -t con -x 90 -y 30
keys 'clear; stty size' Enter
see 10 '29 90'
# The prefix leaves the console; the list is there again.
keys C-]
keys d
see 5 'running 1'
keys s
see 60 'stopped'
keys d
see 5 'Delete'
keys y
see 30 'No machines yet'
keys q
see 10 'left with 0'
# A crash gives the terminal back and leaves a line in the log.
crash_shows() { t capture-pane -p -t crash | grep -q -e "$1"; }
t new-session -d -s crash -x 120 -y 36 "env LC_ALL=C.UTF-8 $BANGER; echo left with \$?; sleep 60"
within 10 crash_shows 'No machines yet' || die "no second console"
kill -s SEGV "$(ps -o pid= --ppid "$(t list-panes -t crash -F '#{pane_pid}')" | tr -d ' ' | head -n 1)"
within 10 crash_shows 'left with 139' || die "the console did not end of its signal"
expect_eq "alternate screen, mouse" "0 0" "$(t display-message -p -t crash '#{alternate_on} #{mouse_any_flag}')"
grep -q '"msg":"crashed"' "$BANGER_STATE_DIR/log/banger-tui.log" || die "no line about the crash"
t kill-server
assert_clean
