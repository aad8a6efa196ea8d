{{/* How the operator asks a Prometheus that is not of this release: one of its own it knows by prometheus-service. */}}
{{- define "anabranch.prometheusEnv" -}}
{{- $prometheus := .Values.prometheus -}}
- {name: ANABRANCH_PROMETHEUS_URL, value: {{ $prometheus.url | quote }}}
{{- with $prometheus.labels }}
- {name: ANABRANCH_PROMETHEUS_LABELS, value: {{ include "anabranch.pairs" . | quote }}}
{{- end }}
{{- with $prometheus.headers }}
- {name: ANABRANCH_PROMETHEUS_HEADERS, value: {{ include "anabranch.pairs" . | quote }}}
{{- end }}
{{- if $prometheus.bearerToken.secretName }}
- {name: ANABRANCH_PROMETHEUS_BEARER_TOKEN_FILE, value: "/etc/anabranch/prometheus-token/{{ $prometheus.bearerToken.key }}"}
{{- end }}
{{- with $prometheus.basicAuth.secretName }}
- {name: ANABRANCH_PROMETHEUS_USERNAME, valueFrom: {secretKeyRef: {name: {{ . | quote }}, key: username}}}
- {name: ANABRANCH_PROMETHEUS_PASSWORD_FILE, value: /etc/anabranch/prometheus-auth/password}
{{- end }}
{{- if $prometheus.ca.secretName }}
- {name: ANABRANCH_PROMETHEUS_CA_FILE, value: "/etc/anabranch/prometheus-ca/{{ $prometheus.ca.key }}"}
{{- end }}
{{- end -}}

{{/* A map as NAME=VALUE,NAME=VALUE. */}}
{{- define "anabranch.pairs" -}}
{{- $pairs := list -}}
{{- range $name, $value := . }}{{ $pairs = append $pairs (printf "%s=%s" $name $value) }}{{ end -}}
{{- join "," $pairs -}}
{{- end -}}

{{- define "anabranch.prometheusMounts" -}}
{{- $prometheus := .Values.prometheus -}}
{{- if $prometheus.bearerToken.secretName }}
- {name: prometheus-token, mountPath: /etc/anabranch/prometheus-token, readOnly: true}
{{- end }}
{{- if $prometheus.basicAuth.secretName }}
- {name: prometheus-auth, mountPath: /etc/anabranch/prometheus-auth, readOnly: true}
{{- end }}
{{- if $prometheus.ca.secretName }}
- {name: prometheus-ca, mountPath: /etc/anabranch/prometheus-ca, readOnly: true}
{{- end }}
{{- end -}}

{{- define "anabranch.prometheusVolumes" -}}
{{- $prometheus := .Values.prometheus -}}
{{- with $prometheus.bearerToken.secretName }}
- {name: prometheus-token, secret: {secretName: {{ . | quote }}}}
{{- end }}
{{- with $prometheus.basicAuth.secretName }}
- {name: prometheus-auth, secret: {secretName: {{ . | quote }}}}
{{- end }}
{{- with $prometheus.ca.secretName }}
- {name: prometheus-ca, secret: {secretName: {{ . | quote }}}}
{{- end }}
{{- end -}}
