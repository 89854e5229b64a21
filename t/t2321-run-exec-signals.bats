#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Signals to a run, and the death of who attends it.

load lib

setup()
{
	sandbox
	new_registry
	mkfifo ready go
	exec 8<>ready # open all the time, so that no reader meets the end of the writer before
}

# Begins `run exec` of a script that says so on `ready`; its pid is then in $pid, the id of its run in $id.
begin()
{
	# what a shell runs beside itself ignores INT and QUIT
	env --default-signal mreg run exec -q --id-file id -- bash -c "$1" 3>&- &
	pid=$!
	read -r _ <&8
	id=$(<id)
}

# It ends with that status.
ends()
{
	local status=0
	wait "$pid" || status=$?
	assert_equal "$status" "$1"
}

shows()
{
	mreg_is 0 run show --json "$id"
	json "$1"
}

@test "signals reach the program" {
	local sig
	for sig in INT TERM HUP QUIT USR1 USR2 WINCH; do
		begin "trap 'kill \$!; echo got-$sig >got; exit 9' $sig; tail -f /dev/null & echo >ready; while :; do wait; done"
		kill -"$sig" "$pid"
		ends 9
		assert_equal "$(<got)" "got-$sig"
		shows '.state == "failed" and .exit_status == 9 and .signal == null'
	done
}

@test "a program that a signal ends is recorded so, and so is mreg's status" {
	begin 'echo >ready; exec tail -f /dev/null'
	kill -TERM "$pid"
	ends 143
	shows '.state == "failed" and .exit_status == 143 and .signal == 15'
}

@test "signal after signal loses no run" {
	begin 'n=0; trap "n=\$((n+1)); echo >ready; [ \$n -lt 3 ] || { kill \$!; exit 4; }" INT; tail -f /dev/null & echo >ready; while :; do wait; done'
	for _ in 1 2 3; do
		kill -INT "$pid"
		read -r _ <&8
	done
	ends 4
	shows '.exit_status == 4'
}

@test "a key at the terminal reaches both, once, and the run is ended" {
	cat >job <<-'EOS'
		n=0
		trap 'n=$((n+1))' INT
		echo >ready
		read -r _ <go || read -r _ <go
		echo "interrupts: $n"
		exit 6
	EOS
	python3 - <<-'EOS' >terminal
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp("mreg", ["mreg", "run", "exec", "-q", "--id-file", "id", "--", "bash", "job"])
		open("ready").readline()
		os.write(fd, b"\x03")
		seen = b""
		while b"^C" not in seen:
		    seen += os.read(fd, 1024)
		open("go", "w").write("\n")
		try:
		    while True:
		        more = os.read(fd, 1024)
		        if not more:
		            break
		        seen += more
		except OSError:
		    pass
		print(seen.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	EOS
	grep -q 'interrupts: 1' terminal
	grep -q -x ' 6' terminal
	id=$(<id)
	shows '.state == "failed" and .exit_status == 6'
}

@test "stopped at the terminal mreg stops, too, and both go on" {
	printf 'echo >ready\nread -r _ <go\nexit 8\n' >job
	python3 - <<-'EOS' >terminal
		import os, pty, signal, sys

		def shell():
		    """as a shell with job control does it"""
		    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
		    pid = os.fork()
		    if pid == 0:
		        os.setpgid(0, 0)
		        os.tcsetpgrp(0, os.getpid())
		        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
		        os.execvp("mreg", ["mreg", "run", "exec", "-q", "--id-file", "id", "--", "bash", "job"])
		    status = os.waitpid(pid, os.WUNTRACED)[1]
		    print("stopped" if os.WIFSTOPPED(status) else "not stopped", flush=True)
		    os.killpg(pid, signal.SIGCONT)
		    open("go", "w").write("\n")
		    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
		    os._exit(0)

		pid, fd = pty.fork()
		if pid == 0:
		    shell()
		open("ready").readline()
		os.write(fd, b"\x1a")
		seen = b""
		try:
		    while True:
		        more = os.read(fd, 1024)
		        if not more:
		            break
		        seen += more
		except OSError:
		    pass
		print(seen.decode())
	EOS
	grep -q '^[^ ]*stopped' terminal
	grep -q 'ended 8' terminal
	id=$(<id)
	shows '.exit_status == 8'
}

@test "a run whose mreg was killed has died" {
	begin 'echo $$ >program; echo >ready; read -r _ <go; echo gone on >more'
	shows '.state == "running"'
	kill -KILL "$pid"
	ends 137
	shows '.state == "died" and .ended == null and .exit_status == null and .duration >= 0'
	mreg_is 0 run show "$id"
	assert_line --regexp '^last seen: +20'
	assert_line --regexp '^duration: .* at least$'
	mreg_is 0 run ls --json
	json 'lines | map(.state) == ["died"]'
	echo >go
	mreg_is 0 run finish "$id" --status 1
	shows '.state == "failed" and .exit_status == 1'
	[ ! -e ".mreg/runs/$id.lock" ]
}

@test "a run that was begun for a process has died when that is gone" {
	tail -f /dev/null 3>&- &
	id=$(mreg run start --pid $!)
	shows '.state == "running"'
	kill $!
	wait $! || :
	shows '.state == "died"'
	mreg_is 2 run start --pid $!
	complains "there is no process"
}

@test "a copy of a registry says nothing of the processes of the original" {
	begin 'echo >ready; read -r _ <go; exit 0'
	cp -r .mreg copy
	mkdir other
	mv copy other/.mreg
	mreg_is 0 run show --registry other --json "$id"
	json '.state == "running"'
	echo >go
	ends 0
	shows '.state == "finished"'
}
