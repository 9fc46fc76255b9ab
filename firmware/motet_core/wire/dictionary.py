# SPDX-License-Identifier: Apache-2.0
"""The numbers that stand for names and values in packed messages.

The tables are a contract: entries are only ever appended, and a presence record announces the version. Numbers 0 to 23
cost one byte, so the names of calls and tool schemas come first. Tuples, because frozen tuples stay in flash.
"""

VERSION = 1

PREFIX = "io.modelcontextprotocol/"

KEYS = (
    "id", "method", "params", "result", "error", "_meta", "name", "arguments",
    "content", "type", "text", "isError", "structuredContent", "resultType", "io.modelcontextprotocol/protocolVersion",
    "description", "properties", "data", "inputSchema", "required", "minimum", "maximum", "title", "outputSchema",
    # 24 and up cost two bytes.
    "code", "message", "annotations", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint", "items",
    "enum", "default", "additionalProperties", "minLength", "maxLength", "minItems", "maxItems", "const",
    "oneOf", "anyOf", "allOf", "not", "format", "pattern", "$schema", "$ref",
    "$defs", "multipleOf", "exclusiveMinimum", "exclusiveMaximum", "uniqueItems", "examples", "execution", "taskSupport",
    "tools", "nextCursor", "cursor", "ttlMs", "cacheScope", "capabilities", "supportedVersions", "instructions",
    "io.modelcontextprotocol/serverInfo", "io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/logLevel", "io.modelcontextprotocol/subscriptionId", "traceparent", "tracestate", "baggage",
    "version", "websiteUrl", "icons", "src", "sizes", "theme", "extensions", "experimental",
    "progress", "progressToken", "total", "requestId", "reason", "level", "logger", "listChanged",
    "subscribe", "completions", "logging", "sampling", "elicitation", "roots", "resources", "resourceTemplates",
    "prompts", "uri", "uriTemplate", "mimeType", "blob", "contents", "messages", "role",
    "resource", "size", "audience", "priority", "lastModified", "form", "url", "inputRequests",
    "inputResponses", "requestState", "action", "mode", "requestedSchema", "notifications", "toolsListChanged",
    "promptsListChanged", "resourcesListChanged", "resourceSubscriptions", "ref", "argument", "value", "values", "hasMore",
    "completion", "context", "supported", "requested", "requiredCapabilities", "taskId", "status", "statusMessage",
    "createdAt", "lastUpdatedAt", "pollIntervalMs", "maxTokens", "model", "modelPreferences", "systemPrompt", "temperature",
    "stopReason", "stopSequences", "hints", "toolChoice", "toolUseId", "input", "includeContext", "metadata",
    "costPriority", "speedPriority", "intelligencePriority", "enumNames",
    # The artifact methods.
    "kind", "revision", "digest", "transfer", "block", "offset", "received", "artifacts", "state",
)  # fmt: skip

VALUES = (
    ("method", (
        "tools/call", "tools/list", "server/discover", "notifications/cancelled", "notifications/progress",
        "notifications/message", "notifications/tools/list_changed", "artifact.begin", "artifact.block", "artifact.commit",
        "artifact.abort", "artifact.list", "artifact.remove", "resources/read", "resources/list", "resources/templates/list",
        "prompts/get", "prompts/list", "subscriptions/listen", "completion/complete", "notifications/resources/list_changed",
        "notifications/prompts/list_changed", "notifications/resources/updated", "notifications/subscriptions/acknowledged",
        "tasks/get", "tasks/update", "tasks/cancel", "notifications/tasks", "elicitation/create", "sampling/createMessage",
        "roots/list",
    )),
    ("type", (
        "object", "string", "number", "integer", "boolean", "array", "null", "text", "image", "audio", "resource",
        "resource_link", "ref/prompt", "ref/resource", "tool_use", "tool_result",
    )),
    ("resultType", ("complete", "input_required", "task")),
    ("io.modelcontextprotocol/protocolVersion", ("2026-07-28",)),
    ("cacheScope", ("public", "private")),
    ("role", ("user", "assistant")),
    ("action", ("accept", "decline", "cancel")),
    ("level", ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")),
    ("kind", ("component", "model")),
)  # fmt: skip

# The numbers of those names, in the same order.
CODED = (1, 9, 13, 14, 60, 103, 114, 85, 155)

# Application data: names inside stay text, so that tool code needs no dictionary.
RAW = ("arguments", "structuredContent")
# Canonical base64 under these names travels as a byte string.
BASE64 = ("data", "blob")

# Negative keys at the top of a message belong to the binding and never reach MCP.
REPLY_TO = -1
EXPIRES_S = -2


def values_of(number):
    """The coded values of the name with this number, or None when its values are not coded."""
    return VALUES[CODED.index(number)][1] if number in CODED else None
