"""An emulator of the three clouds' APIs, to try programs and policies without an account.

It is written from the vendors' pages and shares no code with the rest of the package. On the
command line it is `modeldeploy emulator`; in a test it is

    with Emulator(deploy_time=0.0) as emulator:
        emulator.url, emulator.env, emulator.admin.requests()
"""

from pulumi_modeldeploy.emulator.thread import AdminClient, Emulator

__all__ = ["AdminClient", "Emulator"]
