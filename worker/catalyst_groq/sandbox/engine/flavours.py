"""The engines that can be started, and what Spring Boot must be told to start them."""

from enum import StrEnum
from typing import Any

from catalyst_groq.sandbox.engine.databases import Database

USER = PASSWORD = "demo"  # noqa: S105 -- Camunda's well-known demo user, reachable from this machine only


class Flavour(StrEnum):
    """A Camunda 7 engine; Operaton is its fork and differs in names only."""

    CAMUNDA = "camunda"
    OPERATON = "operaton"

    @property
    def engine_jar(self) -> str:
        """`group:artifact` of the engine itself; its version is the flavour's version."""
        return f"org.{self}.bpm:{self}-engine"

    def is_spin(self, group: str, artifact: str) -> bool:
        """Whether a jar belongs to Spin, which brings the JSON data format."""
        return group == f"org.{self}.spin" or artifact == f"{self}-engine-plugin-spin"

    def app_path(self, app: str) -> str:
        """Path of the web application `cockpit`, `tasklist`, `admin` or `welcome`."""
        return f"/{self}/app/{app}/"


def application_properties(flavour: Flavour, port: int, database: Database) -> dict[str, Any]:
    """Return the properties of a Spring Boot application that is nothing but the engine.

    They stand in for a Java class with @SpringBootApplication: `sources` is what it would have found.
    """
    return {
        "spring.main.sources": ",".join(_spring_sources(flavour)),
        "spring.main.banner-mode": "off",
        "server.address": "127.0.0.1",
        "server.port": port,
        "logging.level.root": "warn",
        # A worker's long poll would hold up the end for as long as it waits.
        "server.shutdown": "immediate",
        "spring.datasource.url": database.url,
        "spring.datasource.username": database.user,
        "spring.datasource.password": database.password,
        f"{flavour}.bpm": {
            "admin-user": {"id": USER, "password": PASSWORD, "first-name": "Demo", "last-name": "Demo"},
            "filter": {"create": "All tasks"},
            "history-level": "full",
            "auto-deployment-enabled": False,
        },
    }


def _spring_sources(flavour: Flavour) -> list[str]:
    boot = "org.springframework.boot.autoconfigure"
    starter = f"org.{flavour}.bpm.spring.boot.starter"
    name = flavour.capitalize()
    return [
        # Writes down the port that was taken, so that a free one can be asked for without a race.
        "org.springframework.boot.web.context.WebServerPortFileWriter",
        f"{boot}.jdbc.DataSourceAutoConfiguration",
        f"{boot}.jdbc.DataSourceTransactionManagerAutoConfiguration",
        f"{boot}.web.servlet.ServletWebServerFactoryAutoConfiguration",
        f"{boot}.web.servlet.DispatcherServletAutoConfiguration",
        f"{boot}.web.servlet.WebMvcAutoConfiguration",
        f"{starter}.{name}BpmAutoConfiguration",
        f"{starter}.webapp.{name}BpmWebappAutoConfiguration",
        f"{starter}.rest.{name}BpmRestJerseyAutoConfiguration",
        # Last: it is configured by what the engine's REST API has brought.
        f"{boot}.jersey.JerseyAutoConfiguration",
    ]
