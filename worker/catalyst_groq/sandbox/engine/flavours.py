"""The supported engines, and the Spring Boot properties that start them."""

from enum import StrEnum
from typing import Any

from catalyst_groq.sandbox.engine.databases import Database

USER = PASSWORD = "demo"  # noqa: S105 -- Camunda's well-known demo user, reachable from this machine only


class Flavour(StrEnum):
    """A Camunda 7 engine. Operaton is a fork that differs in names only."""

    CAMUNDA = "camunda"
    OPERATON = "operaton"

    @property
    def engine_jar(self) -> str:
        """`group:artifact` of the engine's jar. Its version is the version of the engine."""
        return f"org.{self}.bpm:{self}-engine"

    def is_spin(self, group: str, artifact: str) -> bool:
        """Whether a jar belongs to Spin, which provides the JSON data format."""
        return group == f"org.{self}.spin" or artifact == f"{self}-engine-plugin-spin"

    def app_path(self, app: str) -> str:
        """Path of the web application `cockpit`, `tasklist`, `admin` or `welcome`."""
        return f"/{self}/app/{app}/"


def application_properties(flavour: Flavour, port: int, database: Database) -> dict[str, Any]:
    """Return the properties of a Spring Boot application that contains only the engine.

    They replace a Java class with @SpringBootApplication: `sources` lists the classes that its scan would find.
    """
    return {
        "spring.main.sources": ",".join(_spring_sources(flavour)),
        "spring.main.banner-mode": "off",
        "server.address": "127.0.0.1",
        "server.port": port,
        "logging.level.root": "warn",
        # A graceful shutdown would wait for the long polls of workers.
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
        # Writes the chosen port to a file, so that port 0 works without a race.
        "org.springframework.boot.web.context.WebServerPortFileWriter",
        f"{boot}.jdbc.DataSourceAutoConfiguration",
        f"{boot}.jdbc.DataSourceTransactionManagerAutoConfiguration",
        f"{boot}.web.servlet.ServletWebServerFactoryAutoConfiguration",
        f"{boot}.web.servlet.DispatcherServletAutoConfiguration",
        f"{boot}.web.servlet.WebMvcAutoConfiguration",
        f"{starter}.{name}BpmAutoConfiguration",
        f"{starter}.webapp.{name}BpmWebappAutoConfiguration",
        f"{starter}.rest.{name}BpmRestJerseyAutoConfiguration",
        # Last: it uses the configuration that the engine's REST API provides.
        f"{boot}.jersey.JerseyAutoConfiguration",
    ]
