"""The choice of the Maven repository."""

import pytest

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.engine.repository import find_repository

MIRROR = """
<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">
  <localRepository>{local}</localRepository>
  <mirrors>{mirrors}</mirrors>
  <servers>
    <server><id>house</id><username>me</username><password>${{env.MIRROR_PASSWORD}}</password></server>
  </servers>
</settings>
"""


@pytest.fixture
def settings(tmp_path):
    def write(*mirrors, local=""):
        file = tmp_path / ".m2" / "settings.xml"
        file.parent.mkdir(exist_ok=True)
        elements = [
            f"<mirror><id>{name}</id><mirrorOf>{of}</mirrorOf><url>https://{name}.example/maven</url></mirror>"
            for name, of in mirrors
        ]
        file.write_text(MIRROR.format(local=local, mirrors="".join(elements)))
        return tmp_path

    return write


def test_repository_default_is_maven_central(tmp_path):
    repository = find_repository({}, tmp_path)

    assert repository.origin == "Maven Central"
    assert repository.url.startswith("https://")
    assert repository.local == tmp_path / ".m2" / "repository"


def test_repository_from_environment_takes_precedence(settings):
    home = settings(("house", "central"))
    environ = {"MAVEN_REPOSITORY": "https://jars.example/m2", "M2_REPO": "/elsewhere"}

    repository = find_repository(environ, home)

    assert (repository.url, repository.origin) == ("https://jars.example/m2", "MAVEN_REPOSITORY")
    assert str(repository.local) == "/elsewhere"
    assert repository.auth is None


@pytest.mark.parametrize("pattern", ["central", "*", "external:*", "other, central", "*,!other"])
def test_mirror_of_central_is_used(settings, pattern):
    assert find_repository({}, settings(("house", pattern))).url == "https://house.example/maven"


@pytest.mark.parametrize("pattern", ["other", "*,!central", "external:http:*"])
def test_mirror_of_another_repository_is_ignored(settings, pattern):
    assert find_repository({}, settings(("house", pattern))).origin == "Maven Central"


def test_mirror_naming_central_precedes_a_pattern(settings):
    assert find_repository({}, settings(("all", "*"), ("exact", "central"))).url == "https://exact.example/maven"


def test_mirror_credentials_come_from_its_server_entry(settings):
    repository = find_repository({"MIRROR_PASSWORD": "hush"}, settings(("house", "*")))

    assert repository.auth == ("me", "hush")
    assert "hush" not in repr(repository)


def test_settings_define_the_local_repository(settings):
    assert str(find_repository({}, settings(local="/srv/m2")).local) == "/srv/m2"


def test_settings_that_are_not_xml_are_named(tmp_path):
    file = tmp_path / ".m2" / "settings.xml"
    file.parent.mkdir()
    file.write_text("<settings>")

    with pytest.raises(SandboxError, match=r"settings\.xml cannot be read: no element found.* set MAVEN_REPOSITORY"):
        find_repository({}, tmp_path)


@pytest.mark.parametrize("url", ["jars.example/maven", "file:///srv/maven", "http://", "http://[::"])
def test_repository_url_must_be_valid(tmp_path, url):
    with pytest.raises(SandboxError, match="MAVEN_REPOSITORY is "):
        find_repository({"MAVEN_REPOSITORY": url}, tmp_path)
