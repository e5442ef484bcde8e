"""Many client processes at the price of one start: forks.py MODULE. Imports the module, then forks for each line of standard input,
NAME FUNCTION BOOTSTRAP ARGUMENTS-AS-JSON, and says 'NAME pid 0 PID', and 'NAME gone NANOSECONDS' when it is dead. A child calls FUNCTION(say, stopping, bootstrap, arguments), where
say(event, text) writes 'NAME EVENT NANOSECONDS TEXT' in one piece, and stopping() is true after SIGTERM. The module starts no threads."""
import importlib
import json
import os
import signal
import sys
import time
import traceback

# What a pipe takes in one piece.
LINE = 4096
names = {}


def run(module, name, function, bootstrap, arguments):
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def say(event, text=""):
        line = f"{name} {event} {time.monotonic_ns()} {text}\n".encode()
        if len(line) > LINE:
            raise ValueError("a line of more than 4096 bytes")
        os.write(1, line)

    try:
        getattr(module, function)(say, lambda: bool(stopped), bootstrap, json.loads(arguments))
        say("ended")
        code = 0
    except BaseException:
        say("failed", traceback.format_exc().replace("\n", " | ")[-3000:])
        code = 1
    os._exit(code)


def bury():
    for child, name in list(names.items()):
        if os.waitpid(child, os.WNOHANG)[0] == child:
            del names[child]
            os.write(1, f"{name} gone {time.monotonic_ns()}\n".encode())


def main():
    module = importlib.import_module(sys.argv[1])
    signal.signal(signal.SIGCHLD, lambda *_: bury())
    for line in iter(sys.stdin.readline, ""):
        name, function, bootstrap, arguments = line.rstrip("\n").split(" ", 3)
        child = os.fork()
        if child == 0:
            # The end of the server's input is not the child's business.
            os.close(0)
            run(module, name, function, bootstrap, arguments)
        names[child] = name
        os.write(1, f"{name} pid 0 {child}\n".encode())
        bury()


if __name__ == "__main__":
    main()
