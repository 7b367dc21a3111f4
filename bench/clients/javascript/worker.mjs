// The official JavaScript client with its best settings: long polling, no pause between polls, the configured concurrency.
import { Client, Variables } from "camunda-external-task-client-js";

const { CATALYST_ENGINE_URL, CATALYST_TOPIC, CATALYST_WORKER_ID, CATALYST_CONCURRENCY, GROQ_API_URL, GROQ_API_KEY } =
  process.env;
const atOnce = Number(CATALYST_CONCURRENCY);

const client = new Client({
  baseUrl: CATALYST_ENGINE_URL,
  workerId: CATALYST_WORKER_ID,
  maxTasks: atOnce,
  maxParallelExecutions: atOnce,
  asyncResponseTimeout: 5000,
  lockDuration: 60000,
  interval: 0,
});

client.subscribe(CATALYST_TOPIC, { variables: ["userMessage"] }, async ({ task, taskService }) => {
  const response = await fetch(`${GROQ_API_URL}/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${GROQ_API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "openai/gpt-oss-120b",
      max_tokens: 1024,
      messages: [
        { role: "system", content: "You are a helpful assistant." },
        { role: "user", content: task.variables.get("userMessage") },
      ],
    }),
  });
  const text = await response.text();
  const { choices, model, usage } = JSON.parse(text);
  const result = new Variables().setAll({
    aiReply: choices[0].message.content,
    modelUsed: model,
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens,
    finishReason: choices[0].finish_reason,
    catalyst_responseBody: text,
    catalyst_statusCode: response.status,
    catalyst_success: true,
    catalyst_error: "",
    catalyst_meta: { model, usage },
  });
  await taskService.complete(task, result);
});
