# SPDX-License-Identifier: Apache-2.0
"""OpenSSH's server on loopback with keys and settings of its own: the real way between two machines, without the wire."""
import os, shutil, socket, subprocess, time

PATIENCE = 10  # seconds until it listens
SERVER = """ListenAddress 127.0.0.1:{port}
HostKey {dir}/host
AuthorizedKeysFile {dir}/user.pub
AuthenticationMethods publickey
PermitRootLogin yes
PidFile none
StrictModes no
UsePAM no
PrintMotd no
Subsystem sftp internal-sftp
SetEnv PATH={path} HOME={home}
"""
CLIENT = """Host box
HostName 127.0.0.1
Port {port}
IdentityFile {dir}/user
IdentitiesOnly yes
UserKnownHostsFile {dir}/known_hosts
GlobalKnownHostsFile none
StrictHostKeyChecking yes
LogLevel ERROR
"""


def server():
    return shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sshd:
    def __init__(self, folder, env):
        os.mkdir(folder)
        self.dir, self.port = folder, free_port()
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", f"{folder}/{key}"], check=True)
        names = dict(port=self.port, dir=folder, path=env["PATH"], home=env["HOME"])
        self.write("sshd_config", SERVER.format(**names))
        self.write("config", CLIENT.format(**names))
        with open(f"{folder}/host.pub") as f:
            self.write("known_hosts", f"[127.0.0.1]:{self.port} {f.read()}")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        with open(f"{folder}/log", "w") as log:
            self.process = subprocess.Popen([server(), "-D", "-e", "-f", f"{folder}/sshd_config"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=env)
        self.wait()

    @staticmethod
    def installed():
        return bool(server() and shutil.which("ssh") and shutil.which("ssh-keygen"))

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)

    def wait(self):
        for _ in range(int(PATIENCE / .02)):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(.02)
        self.stop()
        raise RuntimeError("sshd does not listen")

    def names(self):
        """What snippets know of it: its host is called box."""
        return dict(SSH_CONFIG=f"{self.dir}/config", MREG_SSH=f"ssh -F {self.dir}/config")

    def stop(self):
        self.process.terminate()
        self.process.wait()
