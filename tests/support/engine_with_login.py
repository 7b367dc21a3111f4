"""An engine that asks for a user and a password, and checks what the user may do."""

import tempfile
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from catalyst_groq.sandbox.engine import EngineProcess, Flavour
from catalyst_groq.sandbox.engine.flavours import PASSWORD, USER, application_properties

ADMINISTRATOR = (USER, PASSWORD)
FILTER = "org.camunda.bpm.engine.rest.security.auth.ProcessEngineAuthenticationFilter"
PROVIDER = "org.camunda.bpm.engine.rest.security.auth.impl.HttpBasicAuthenticationProvider"
BEANS = f"""<?xml version="1.0" encoding="UTF-8"?>
<beans xmlns="http://www.springframework.org/schema/beans" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd">
  <bean class="org.springframework.boot.web.servlet.FilterRegistrationBean">
    <property name="filter"><bean class="{FILTER}"/></property>
    <property name="urlPatterns"><list><value>/engine-rest/*</value></list></property>
    <property name="initParameters"><map>
      <entry key="authentication-provider" value="{PROVIDER}"/>
      <entry key="rest-url-pattern-prefix" value=""/>
    </map></property>
  </bean>
</beans>
"""


@contextmanager
def running_engine_with_login(*, spin=True):
    """Run an engine whose only user, at first, is its administrator."""
    with tempfile.TemporaryDirectory(prefix="catalyst-login-") as folder:
        beans = Path(folder, "login.xml")
        beans.write_text(BEANS)

        def with_login(flavour, port, database):
            properties = application_properties(flavour, port, database)
            properties["spring.main.sources"] += f",{beans.as_uri()}"
            properties[f"{flavour}.bpm"]["authorization"] = {"enabled": True}
            return properties

        with (
            patch("catalyst_groq.sandbox.engine.process.application_properties", with_login),
            EngineProcess(Flavour.CAMUNDA, spin=spin) as engine,
        ):
            yield engine
