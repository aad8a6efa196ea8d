{{/* A container that talks to the Service as any client does. */}}
{{- define "anabranch.client" -}}
image: {{ include "anabranch.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [anabranch]
env:
  - {name: ANABRANCH_ENDPOINT, value: "http://{{ include "anabranch.service" . }}.{{ .Release.Namespace }}:{{ .Values.service.port }}"}
  - {name: AWS_REGION, value: {{ .Values.region | quote }}}
  {{- if .Values.credentials.create }}
  - name: AWS_ACCESS_KEY_ID
    valueFrom: {secretKeyRef: {name: {{ include "anabranch.credentials" . }}, key: accessKeyId}}
  - name: AWS_SECRET_ACCESS_KEY
    valueFrom: {secretKeyRef: {name: {{ include "anabranch.credentials" . }}, key: secretAccessKey}}
  {{- else }}
  # With allowAnonymous any will do.
  - {name: AWS_ACCESS_KEY_ID, value: anybody}
  - {name: AWS_SECRET_ACCESS_KEY, value: anything}
  {{- end }}
resources:
  requests: {cpu: 10m, memory: 32Mi}
  limits: {memory: 128Mi}
securityContext:
  {{- include "anabranch.containerSecurity" . | nindent 2 }}
{{- end -}}
