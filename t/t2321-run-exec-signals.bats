#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Signals to a run, and the death of who attends it.

load lib

setup()
{
	sandbox
	new_registry
	mkfifo ready go
}

# Begins `run exec` of a script that says so on `ready`; its pid is then in $pid, the id of its run in $id.
begin()
{
	mreg run exec -q --id-file id -- bash -c "$1" 3>&- &
	pid=$!
	read -r _ <ready
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
		begin "trap 'echo got-$sig >got; exit 9' $sig; echo >ready; while :; do read -r _ <go; done"
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
	begin 'n=0; trap "n=\$((n+1)); echo >ready; [ \$n -lt 3 ] || exit 4" INT; echo >ready; while :; do read -r _ <go; done'
	for _ in 1 2 3; do
		kill -INT "$pid"
		read -r _ <ready
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
		open("ready").read()
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
	begin 'echo $$ >ready; echo >ready; read -r _ <go; exit 8' &
	wait $!
}

@test "a run whose mreg was killed has died" {
	begin 'echo $$ >program; echo >ready; read -r _ <go; echo gone on >more'
	shows '.state == "running"'
	kill -KILL "$pid"
	ends 137
	shows '.state == "died" and .ended == null and .exit_status == null'
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
