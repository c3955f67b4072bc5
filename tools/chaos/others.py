"""The cloud beside the stack: services of others, and what people do by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chaos import judge
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.core.values import camel
from pulumi_modeldeploy.modelarts import api as modelarts
from pulumi_modeldeploy.pai import api as pai
from pulumi_modeldeploy.pai.service import pascal
from pulumi_modeldeploy.settings import Settings
from pulumi_modeldeploy.zstack import api as zstack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.programs import Wanted
    from pulumi_modeldeploy.core.http import Call
    from pulumi_modeldeploy.emulator import Emulator

SERVICE, APP = "ModelArts service", "PAI app service"
ENTRY, DEPLOYMENT = "ZStack model service", "ZStack deployment"
"""Kinds of objects, as messages name them."""

_DELETES: Mapping[str, Call] = {
    SERVICE: modelarts.DELETE,
    ENTRY: zstack.DELETE_SERVICE,
    DEPLOYMENT: zstack.DELETE_GROUP,
    APP: pai.DELETE,
}
_IN_THE_WAY = re.compile(rf"error: an? ({'|'.join(_DELETES)}) (\S+) of an interrupted run")


class Others:
    """What others do in the cloud that a stack lives in."""

    def __init__(self, emulator: Emulator) -> None:
        settings = Settings(lambda _: None, emulator.env)
        place = modelarts.place(settings)
        here = Identity("", "", "", region=place.region, project_id=place.project_id)
        node = zstack.connect(settings, here)
        self._admin = emulator.admin
        self._clients = {
            SERVICE: modelarts.connect(settings, here),
            ENTRY: node,
            DEPLOYMENT: node,
            APP: pai.connect(settings, Identity("", "", "", pai.place(settings).region)),
        }

    def settle(self) -> None:
        """Make services that look like ours and are somebody else's."""
        names = ("auto", "auto-0123456789ab", "given-", "twin-ba9876543210", "unrelated")
        rows = [{**THEIRS, "service_name": name, "description": "theirs"} for name in names]
        rows.append({**THEIRS, "service_name": "marked", "description": f"[md:{THEIR_MARK}]"})
        self._admin.seed(modelarts={"services": rows})
        for name in ("entry", "entry-0123456789ab", "runs"):
            self._clients[ENTRY].send(zstack.ADD_SERVICE, body={**THEIR_ENTRY, "name": name})
        apps = [
            {**THEIR_APP, "ServiceName": name} for name in ("app", "app_0123456789ab", "named_")
        ]
        apps.append({**THEIR_APP, "ServiceName": "marked", "Labels": {"modeldeploy": THEIR_MARK}})
        apps.append({**THEIR_APP, "ServiceName": "strange", "ParentUid": "1999999999999999"})
        self._admin.seed(pai={"services": apps})

    def leave(self, standing: Mapping[str, Wanted], secret: str) -> None:
        """Make services that are to be adopted, by id."""
        for found, one in standing.items():
            args = judge.resolved(one.args, {}, secret)
            mark, name = args.pop("adopt_from", ""), f"{judge.STANDING}-{found[:8]}"
            if one.kind == "app":
                row: dict[str, Any] = {pascal(key): value for key, value in args.items()}
                row["ServiceName"] = found
                marked = {"modeldeploy": mark} if mark else {}
                labels = {**row.pop("Labels", {}), **marked}
                self._admin.seed(pai={"services": [{**row, "Labels": labels}]})
            elif one.kind == "service":
                text = f"{args.get('description', '')}{mark and f' [md:{mark}]'}"
                row = {**args, "service_id": found, "service_name": name, "description": text}
                self._admin.seed(modelarts={"services": [row]})
            else:
                if mark:
                    args["user_tags"] = [*args["user_tags"], f"modeldeploy::{mark}"]
                body = {**_spelled(args), "name": name, "resourceUuid": found}
                self._clients[ENTRY].send(zstack.ADD_SERVICE, body=body)

    def clear(self, told: str) -> bool:
        """Delete by hand what a message says is in the way, and what runs on it.

        Returns:
            Whether it says so.
        """
        found = _IN_THE_WAY.findall(told)
        for kind, identifier in found:
            for one in self._admin.resources("zstack"):
                if one.get("modelServiceUuid") == identifier:
                    self._delete(DEPLOYMENT, one["uuid"])
            self._delete(kind, identifier)
        return bool(found)

    def _delete(self, kind: str, identifier: str) -> None:
        self._clients[kind].send(_DELETES[kind], path={"id": identifier})


def _spelled(value: Any) -> Any:
    """Spell arguments as ZStack does."""
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    if isinstance(value, dict):
        return {camel(key): _spelled(one) for key, one in value.items()}
    return value


THEIR_MARK = "0123456789ab"
THEIR_APP: Mapping[str, Any] = {
    "AppType": "LLM",
    "ServiceSpec": "llama_7b_int8",
    "Replicas": 1,
}
THEIRS: Mapping[str, Any] = {
    "infer_type": "real-time",
    "config": [
        {
            "model_id": "model-1",
            "weight": 100,
            "specification": "modelarts.vm.cpu.2u",
            "instance_count": 1,
        }
    ],
}
THEIR_ENTRY: Mapping[str, Any] = {
    "yaml": "services: []",
    "requestCpu": 1,
    "requestMemory": 1,
    "modelCenterUuid": "c" * 32,
    "installPath": "/theirs",
    "startCommand": "serve",
    "architectureImages": [{"cpuArchitecture": "x86_64", "dockerImage": "llm:1"}],
    "userTags": [f"modeldeploy::{THEIR_MARK}"],
}
