# SPDX-License-Identifier: GPL-2.0-only
"""The one writer of JUnit's XML, which CI systems show as tests."""

import re
from xml.etree import ElementTree

# What XML 1.0 has no way to say.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text):
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


class Suite:
    """Test cases of one kind; each passed, failed, or could not be judged."""

    def __init__(self, name):
        self.element = ElementTree.Element("testsuite", name=name)
        self.seconds = 0.0

    def case(self, name, seconds=0.0, failure="", error="", skipped="", words=""):
        """words: one line that names the failure or error; the rest is its text."""
        case = ElementTree.SubElement(self.element, "testcase", name=_clean(name),
                                      classname=f"hypheap.{self.element.get('name')}",
                                      time=f"{seconds:.3f}")
        self.seconds += seconds
        for kind, text in (("failure", failure), ("error", error), ("skipped", skipped)):
            if text:
                first = words or text.strip().splitlines()[0]
                child = ElementTree.SubElement(case, kind, message=_clean(first))
                child.text = _clean(text)

    def close(self):
        """The counts that a reader wants at the head."""
        for attribute, tag in (("tests", "testcase"), ("failures", "testcase/failure"),
                               ("errors", "testcase/error"), ("skipped", "testcase/skipped")):
            self.element.set(attribute, str(len(self.element.findall(tag))))
        self.element.set("time", f"{self.seconds:.3f}")


def write(path, suites, properties):
    """properties: what the run was made of, in the first suite."""
    root = ElementTree.Element("testsuites", name="hypheap")
    for suite in suites:
        suite.close()
        root.append(suite.element)
    for attribute in ("tests", "failures", "errors", "skipped"):
        root.set(attribute, str(sum(int(s.element.get(attribute)) for s in suites)))
    said = ElementTree.Element("properties")
    for name, value in properties.items():
        ElementTree.SubElement(said, "property", name=name, value=_clean(str(value)))
    suites[0].element.insert(0, said)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
