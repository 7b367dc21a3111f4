"""The Camunda 7 Modeler's own JavaScript in a browser page, and what a person does with it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from support.modeler_package import SCRIPT

STYLES = (
    *("diagram-js", "bpmn-js", "properties-panel", "element-templates", "element-template-chooser", "popup-menu"),
    "bpmn-font/css/bpmn-embedded",
)
PAGE = """<!doctype html><style>
  body { margin: 0; display: flex; height: 100vh; font-family: Arial, sans-serif }
  #canvas { flex: 1 } #panel { width: 400px; overflow-y: auto; border-left: 1px solid #ccc }
</style><div id="canvas"></div><div id="panel"></div>"""

OPEN = """async ({xml, templates}) => {
  window.refusals = [];
  window.modeler = new BpmnModeler({container: '#canvas', propertiesPanel: {parent: '#panel'}});
  modeler.on('elementTemplates.errors', event => refusals.push(...event.errors.map(error => error.message)));
  modeler.get('elementTemplatesLoader').setTemplates(templates);
  const {warnings} = await modeler.importXML(xml);
  if (warnings.length) throw new Error(warnings.map(warning => warning.message).join('; '));
  modeler.get('canvas').zoom('fit-viewport', 'auto');
}"""
INSTALL = "templates => modeler.get('elementTemplatesLoader').setTemplates(templates)"
APPLY = """({element, template}) => {
  const templates = modeler.get('elementTemplates'), shape = modeler.get('elementRegistry').get(element);
  templates.applyTemplate(shape, templates.getLatest(shape).find(({id}) => id === template));
}"""
FIELDS = """element => {
  const extensions = modeler.get('elementRegistry').get(element).businessObject.extensionElements;
  const entries = (extensions ? extensions.values : []).flatMap(entry => entry.$type === 'camunda:Properties'
    ? entry.values.map(({name, value}) => [name, value]) : [[entry.name, entry.string]]);
  return Object.fromEntries(entries);
}"""


class Modeler:
    """One diagram, open in the Modeler. Everything a person does goes through real clicks and keys."""

    def __init__(self, page: Page, dist: Path) -> None:
        self.page = page
        self.dist = dist
        self.panel = page.locator("#panel")

    def open(self, xml: str, templates: Sequence[Mapping[str, Any]]) -> None:
        """Open a diagram with these element templates installed. Raises on any warning."""
        self.page.set_content(PAGE)
        for style in STYLES:
            self.page.add_style_tag(path=self.dist / "assets" / f"{style}.css")
        self.page.add_script_tag(path=self.dist / SCRIPT)
        self.page.evaluate(OPEN, {"xml": xml, "templates": list(templates)})

    @property
    def refusals(self) -> list[str]:
        """Why templates were not accepted, in the Modeler's words."""
        messages: list[str] = self.page.evaluate("refusals")
        return messages

    def install(self, templates: Sequence[Mapping[str, Any]]) -> None:
        """Install other template versions, as a modeller does between two sessions."""
        self.page.evaluate(
            "templates => modeler.get('elementTemplatesLoader').setTemplates(templates)", list(templates)
        )

    def apply(self, element: str, template: str) -> None:
        """Apply a template by script. A template that was refused cannot be found."""
        self.page.evaluate(APPLY, {"element": element, "template": template})

    def click(self, element: str) -> None:
        """Select an element on the canvas."""
        self.page.locator(f'[data-element-id="{element}"] .djs-hit').first.click()

    def put_tools_away(self) -> None:
        """Close the tools that hover beside the selected element, for a picture."""
        self.page.evaluate("modeler.get('contextPad').close()")

    def open_chooser(self) -> Locator:
        """Press the panel's "Select" and return the list of templates."""
        self.panel.locator(".bio-properties-panel-select-template-button").click()
        chooser = self.page.locator(".djs-popup")
        chooser.wait_for()
        return chooser

    def choose(self, template: str) -> None:
        """Apply a template to the selected element, by clicks."""
        self.open_chooser().locator(f'.entry[data-id="apply-template-{template}"]').click()
        self.panel.locator(".bio-properties-panel-applied-template-button").wait_for()

    def upgrade(self) -> None:
        """Take the newer version that the panel offers for the selected element."""
        self.panel.locator(".bio-properties-panel-template-update-available").click()
        self.panel.get_by_text("Update", exact=True).click()
        self.panel.locator(".bio-properties-panel-applied-template-button").wait_for()

    def open_group(self, label: str) -> None:
        """Unfold one of the panel's groups, unless it is open."""
        header = self.panel.locator(".bio-properties-panel-group-header").filter(
            has=self.page.get_by_text(label, exact=True)
        )
        if not header.first.evaluate("header => header.classList.contains('open')"):
            header.first.click()

    def field(self, label: str) -> Locator:
        """Find the control of a template's field."""
        return self.panel.get_by_label(label, exact=True)

    def type(self, label: str, text: str) -> None:
        """Replace what stands in a field, key by key, and leave it."""
        self.field(label).press("ControlOrMeta+a")
        self.field(label).press_sequentially(text)
        self.field(label).press("Tab")

    def await_value(self, element: str, name: str, value: str) -> None:
        """Wait until the panel has written what was typed; it takes its time on purpose."""
        self.page.wait_for_function(f"({FIELDS})({json.dumps(element)})[{json.dumps(name)}] === {json.dumps(value)}")

    def saved_xml(self) -> str:
        """Return what "Save" writes."""
        xml: str = self.page.evaluate("async () => (await modeler.saveXML({format: true})).xml")
        return xml

    def saved_svg(self) -> str:
        """Return what "Export as image" writes."""
        svg: str = self.page.evaluate("async () => (await modeler.saveSVG()).svg")
        return svg
