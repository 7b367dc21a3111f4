{{- define "catalyst-groq.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "catalyst-groq.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "catalyst-groq.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "catalyst-groq.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "catalyst-groq.selectorLabels" -}}
app.kubernetes.io/name: {{ include "catalyst-groq.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "catalyst-groq.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{ include "catalyst-groq.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "catalyst-groq.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "catalyst-groq.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "catalyst-groq.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end }}

{{- /* How many tasks a pod should have. */ -}}
{{- define "catalyst-groq.targetTasks" -}}
{{- max 1 (div (mul .Values.concurrency .Values.autoscaling.targetPercent) 100) -}}
{{- end }}

{{- define "catalyst-groq.usesRedis" -}}
{{- if or (eq .Values.journal.type "redis") .Values.redis.limits }}true{{ end -}}
{{- end }}

{{- /* Settings of `config` that are set elsewhere: the environment would override them without a word. */ -}}
{{- define "catalyst-groq.settingsOfValues" -}}
engine_url: engine.url
engine_user: engine.auth.user
engine_password: engine.auth
engine_password_file: engine.auth
engine_token: engine.auth
engine_token_file: engine.auth
engine_token_url: engine.auth.tokenUrl
engine_client_id: engine.auth.clientId
engine_client_secret: engine.auth
engine_client_secret_file: engine.auth
engine_scope: engine.auth.scope
groq_api_url: groq.apiUrl
topic: topics
concurrency: concurrency
async_response_timeout: pollSeconds
shutdown_timeout: shutdownSeconds
journal: journal.type
journal_file: journal.type
journal_key: journal.encryption
journal_key_file: journal.encryption
limits_redis_url: redis
limits_redis_url_file: redis
http_host: ""
http_port: ""
{{- end }}

{{- /* Fails on values that contradict each other. The schema has checked each by itself. */ -}}
{{- define "catalyst-groq.check" -}}
{{- $auth := .Values.engine.auth -}}
{{- range $setting, $value := include "catalyst-groq.settingsOfValues" . | fromYaml -}}
{{- if hasKey $.Values.config $setting -}}
{{- fail (printf "config.%s: the chart sets it itself, and would override it. %s." $setting (ternary (printf "Set %s instead" $value) "Remove it: the probes need it as it is" (not (empty $value)))) -}}
{{- end -}}
{{- end -}}
{{- if and (ne $auth.type "none") (not $auth.existingSecret) -}}
{{- fail (printf "engine.auth.existingSecret: engine.auth.type %s needs a Secret. Create one and write its name here." $auth.type) -}}
{{- end -}}
{{- if and (eq $auth.type "basic") (not $auth.user) -}}
{{- fail "engine.auth.user: engine.auth.type basic needs a user. Write the name of the engine's user here." -}}
{{- end -}}
{{- if and (eq $auth.type "oauth2") (not (and $auth.tokenUrl $auth.clientId)) -}}
{{- fail "engine.auth.tokenUrl: engine.auth.type oauth2 needs a token endpoint and a clientId. Set both." -}}
{{- end -}}
{{- if and (eq $auth.type "none") (or $auth.user $auth.tokenUrl $auth.clientId $auth.existingSecret) -}}
{{- fail "engine.auth.type: it is none, so the other values of engine.auth have no effect. Set basic, token or oauth2." -}}
{{- end -}}
{{- if and (include "catalyst-groq.usesRedis" .) (not .Values.redis.url) (not .Values.redis.existingSecret) -}}
{{- fail "redis.url: journal.type redis and redis.limits need a Redis. Set redis.url or redis.existingSecret." -}}
{{- end -}}
{{- if and .Values.redis.url .Values.redis.existingSecret -}}
{{- fail "redis.url: redis.existingSecret has a URL too. Set only one of them." -}}
{{- end -}}
{{- if and (or .Values.redis.url .Values.redis.existingSecret) (not (include "catalyst-groq.usesRedis" .)) -}}
{{- fail "redis: nothing uses it. Set journal.type to redis, or redis.limits to true." -}}
{{- end -}}
{{- if and (eq .Values.journal.type "off") .Values.journal.encryption.existingSecret -}}
{{- fail "journal.encryption.existingSecret: journal.type is off, so there is nothing to encrypt. Remove it." -}}
{{- end -}}
{{- if gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) -}}
{{- fail "autoscaling.minReplicas: it is larger than autoscaling.maxReplicas. Set it to that number or less." -}}
{{- end -}}
{{- if and (eq .Values.autoscaling.type "hpa") (eq (int .Values.autoscaling.minReplicas) 0) -}}
{{- fail "autoscaling.minReplicas: type hpa cannot scale to 0. Set 1 or more, or use type keda." -}}
{{- end -}}
{{- if and (eq .Values.autoscaling.type "keda") (eq $auth.type "oauth2") (not .Values.autoscaling.keda.authenticationRef) -}}
{{- fail "autoscaling.keda.authenticationRef: the chart cannot make KEDA's OAuth2 client. Name a TriggerAuthentication." -}}
{{- end -}}
{{- if ne (empty .Values.autoscaling.keda.authenticationRef) (empty .Values.autoscaling.keda.authMode) -}}
{{- fail "autoscaling.keda.authMode: it belongs to autoscaling.keda.authenticationRef. Set both or neither." -}}
{{- end -}}
{{- end }}
