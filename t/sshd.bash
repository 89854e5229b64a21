# SPDX-License-Identifier: Apache-2.0
# OpenSSH on loopback for tests: a server of the test's own, with keys, users and settings in the test's directory.
# shellcheck shell=bash

SSHD=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd)

# In setup_file: keys, and a configuration for the client in which the host is called `box`.  FAR is the far user's home.
ssh_files()
{
	export SSH_DIR=$BATS_FILE_TMPDIR/ssh FAR=$BATS_FILE_TMPDIR/far
	mkdir -p "$SSH_DIR" "$FAR/.config/mreg" "$FAR/bin"
	ln -sf "$MREG_BINARY" "$FAR/bin/mreg"
	printf '[user]\n\tname = far\n' >"$FAR/.config/mreg/config"
	ssh-keygen -q -t ed25519 -N '' -C host -f "$SSH_DIR/host"
	ssh-keygen -q -t ed25519 -N '' -C user -f "$SSH_DIR/user"
	cat >"$SSH_DIR/sshd_config" <<-END
		ListenAddress 127.0.0.1
		HostKey $SSH_DIR/host
		AuthorizedKeysFile $SSH_DIR/authorized_keys
		AuthenticationMethods publickey
		PermitRootLogin yes
		PidFile none
		StrictModes no
		UsePAM no
		PrintMotd no
		SetEnv PATH=$FAR/bin:$PATH HOME=$FAR MREG_NOW=2026-01-02T03:04:05Z MREG_SEED=far
	END
	cat >"$SSH_DIR/config" <<-END
		Host box
			HostName 127.0.0.1
		Host *
			IdentityFile $SSH_DIR/user
			IdentitiesOnly yes
			UserKnownHostsFile $SSH_DIR/known_hosts
			GlobalKnownHostsFile none
			StrictHostKeyChecking yes
			PasswordAuthentication no
			KbdInteractiveAuthentication no
	END
	export MREG_SSH="ssh -F $SSH_DIR/config"
}

# ssh_may [OPTIONS]: who has the user's key is let in, with these options of authorized_keys(5).
ssh_may()
{
	printf '%s%s\n' "${1:+$1 }" "$(cat "$SSH_DIR/user.pub")" >"$SSH_DIR/authorized_keys"
}

port_is_open()
{
	(: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Starts sshd on a port that is free, and waits until it listens.
sshd_start()
{
	local port
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	for _ in 1 2 3 4 5 6 7 8; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 40000))
		! port_is_open "$port" || continue
		"$SSHD" -D -e -f "$SSH_DIR/sshd_config" -p "$port" 2>"$SSH_DIR/log" 3>&- </dev/null &
		export SSHD_PID=$!
		while kill -0 "$SSHD_PID" 2>/dev/null; do
			if port_is_open "$port"; then
				export SSH_PORT=$port
				printf '[127.0.0.1]:%s %s\n' "$port" "$(cat "$SSH_DIR/host.pub")" >"$SSH_DIR/known_hosts"
				sed -i "/HostName/a Port $port" "$SSH_DIR/config"
				return 0
			fi
			read -r -t 0.02 <> <(:) || :
		done
	done
	cat "$SSH_DIR/log"
	return 1
}

sshd_stop()
{
	[ -z "${SSHD_PID:-}" ] || kill "$SSHD_PID" 2>/dev/null || :
}

# What sshd has to say when a test fails.
sshd_log()
{
	[ ! -f "$SSH_DIR/log" ] || sed 's/^/sshd: /' "$SSH_DIR/log"
}
