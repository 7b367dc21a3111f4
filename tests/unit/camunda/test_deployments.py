"""What a refused deployment says."""

from catalyst_groq.camunda.deployments import describe_refusal
from catalyst_groq.errors import EngineRefused

NO_TIME_TO_LIVE = (
    "* ENGINE-12018 History Time To Live (TTL) cannot be null. TTL is necessary for the History Cleanup to work. "
    "The following options are possible:\n* Set historyTimeToLive in the model | resource a.bpmn | line 4"
)


def test_refusal_without_time_to_live_names_the_attribute_and_a_value():
    shown = describe_refusal(EngineRefused(400, "ParseException", NO_TIME_TO_LIVE))

    assert shown.startswith("The engine refuses the deployment:\n  a.bpmn, line 4: ENGINE-12018 ")
    assert shown.endswith('. Add camunda:historyTimeToLive="P180D", or another number of days, to the process')
