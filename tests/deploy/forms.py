"""The forms that hosts publish for their files, as far as ours use them, as JSON schemas; read in November 2026.

Heroku: app.json, https://devcenter.heroku.com/articles/app-json-schema. Railway: https://docs.railway.com/config-as-code/reference.
DigitalOcean: https://docs.digitalocean.com/products/app-platform/reference/app-spec/. Vercel's own tool checks vercel.json."""

from __future__ import annotations

from typing import Any

Form = dict[str, Any]


def _closed(properties: Form, *required: str) -> Form:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _each(value: Form, names: str = "^[A-Z][A-Z0-9_]*$") -> Form:
    return {"type": "object", "patternProperties": {names: value}, "additionalProperties": False}


def _list_of(item: Form) -> Form:
    return {"type": "array", "items": item}


_TEXT: Form = {"type": "string"}
_WHOLE: Form = {"type": "integer", "minimum": 0}
_DYNOS = ["eco", "basic", "standard-1x", "standard-2x", "performance-m", "performance-l"]

HEROKU = _closed(
    {
        "name": {"type": "string", "pattern": "^[a-zA-Z-_.]+", "maxLength": 30},
        "description": {"type": "string", "maxLength": 140},
        "keywords": _list_of(_TEXT),
        "stack": {"enum": ["heroku-22", "heroku-24", "heroku-26"]},
        "success_url": _TEXT,
        "buildpacks": _list_of(_closed({"url": _TEXT}, "url")),
        "formation": _each(_closed({"quantity": _WHOLE, "size": {"enum": _DYNOS}}, "quantity"), "^[a-z]+$"),
        "addons": _list_of(_closed({"plan": _TEXT, "as": _TEXT, "options": {"type": "object"}}, "plan")),
        "env": _each(
            _closed(
                {
                    "description": _TEXT,
                    "value": _TEXT,
                    "required": {"type": "boolean"},
                    "generator": {"const": "secret"},
                }
            )
        ),
    }
)

RAILWAY = _closed(
    {
        "$schema": {"const": "https://railway.com/railway.schema.json"},
        "build": _closed({"builder": {"enum": ["RAILPACK", "DOCKERFILE"]}, "buildCommand": _TEXT}),
        "deploy": _closed(
            {
                "preDeployCommand": _list_of(_TEXT),
                "startCommand": _TEXT,
                "healthcheckPath": {"type": "string", "pattern": "^/"},
                "healthcheckTimeout": _WHOLE,
                # Written as text they stop the deployment: https://github.com/railwayapp/docs/issues/1243
                "overlapSeconds": _WHOLE,
                "drainingSeconds": _WHOLE,
                "restartPolicyType": {"enum": ["ON_FAILURE", "ALWAYS", "NEVER"]},
                "restartPolicyMaxRetries": _WHOLE,
            }
        ),
    },
    "build",
    "deploy",
)

_NAME: Form = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,30}[a-z0-9]$"}
_ENV = _closed(
    {
        "key": {"type": "string", "pattern": "^[_A-Za-z][_A-Za-z0-9]*$"},
        "value": _TEXT,
        "scope": {"enum": ["RUN_TIME", "BUILD_TIME", "RUN_AND_BUILD_TIME"]},
        "type": {"enum": ["GENERAL", "SECRET"]},
    },
    "key",
)
_COMPONENT: Form = {
    "name": _NAME,
    "git": _closed({"repo_clone_url": {"type": "string", "pattern": r"^https://.*\.git$"}, "branch": _TEXT}),
    "environment_slug": {"const": "python"},
    "instance_size_slug": {"type": "string", "pattern": "^apps-[sd]-"},
    "instance_count": {"type": "integer", "minimum": 1},
    "run_command": _TEXT,
    "envs": _list_of(_ENV),
}
_HEALTH = _closed(
    {
        "http_path": {"type": "string", "pattern": "^/"},
        "initial_delay_seconds": _WHOLE,
        "period_seconds": _WHOLE,
        "timeout_seconds": _WHOLE,
        "failure_threshold": _WHOLE,
    }
)
_END = _closed(
    {
        "drain_seconds": {"type": "integer", "minimum": 1, "maximum": 110},
        "grace_period_seconds": {"type": "integer", "minimum": 1, "maximum": 600},
    }
)
_SERVICE = {**_COMPONENT, "http_port": {"type": "integer"}, "health_check": _HEALTH, "termination": _END}
_DATABASE = {
    "name": _NAME,
    "engine": {"enum": ["PG", "MYSQL", "MONGODB", "VALKEY", "OPENSEARCH", "KAFKA"]},
    "version": _TEXT,
    "production": {"type": "boolean"},
    "cluster_name": _TEXT,
}

DIGITALOCEAN = _closed(
    {
        "spec": _closed(
            {
                "name": _NAME,
                "region": {"enum": ["ams", "blr", "fra", "lon", "nyc", "sfo", "sgp", "syd", "tor"]},
                "databases": _list_of(_closed(_DATABASE, "name", "engine")),
                "jobs": _list_of(
                    _closed(
                        {**_COMPONENT, "kind": {"enum": ["PRE_DEPLOY", "POST_DEPLOY", "FAILED_DEPLOY"]}}, "name", "kind"
                    )
                ),
                "services": _list_of(_closed(_SERVICE, "name", "run_command", "http_port")),
            },
            "name",
            "services",
        )
    },
    "spec",
)
