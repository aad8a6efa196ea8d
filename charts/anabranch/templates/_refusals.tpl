{{/* What a schema cannot say: values that do not go together. Each sentence says what to write instead. */}}
{{- define "anabranch.refuse" -}}
{{- if and (kindIs "invalid" .Values.pool.replicas) (gt (int .Values.pool.minReplicas) (int .Values.pool.maxReplicas)) -}}
{{- fail "pool.minReplicas must not be greater than pool.maxReplicas" -}}
{{- end -}}
{{- with .Values.gateway.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- fail "gateway.autoscaling.minReplicas must not be greater than gateway.autoscaling.maxReplicas" -}}
{{- end -}}
{{- end -}}
{{- with .Values.gateway.defaultPool -}}
{{- if and $.Values.pool.create (ne . $.Values.pool.name) -}}
{{- fail (printf "gateway.defaultPool is %s, but the chart makes pool %s: write the same name, or pool.create false if it is there already" . $.Values.pool.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
