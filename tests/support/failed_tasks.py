"""Failed tasks for tests of the commands that correct running instances."""

from catalyst_groq.camunda.failed_tasks import FailedTask


def make_task(id_="t1", **fields):
    """Return a failed task; without an own definition it belongs to version 1 of its process."""
    process = fields.get("process", "order")
    defaults = {
        "topic": "catalyst-groq",
        "process": process,
        "definition_id": f"{process}:1",
        "instance_id": "i1",
        "execution_id": "e1",
        "activity": "Ask",
        "activity_instance_id": "Ask:1",
        "tenant": "",
        "business_key": "",
        "message": "",
        "is_suspended": False,
    }
    return FailedTask(id=id_, **defaults | fields)
