"""Phrasings of the questions which class a text is of, and which spans it has: Jinja templates, English and Chinese."""

ENGLISH = (
    "Classify the text below. Answer with one of these labels and nothing else: {{ labels }}.\n\nText:\n{{ text }}",
    "Which label fits this text best: {{ labels }}?\n\n{{ text }}\n\nReply with the label only.",
    "Read the following text and assign exactly one label.\nLabels: {{ labels }}\n\nText: {{ text }}\n\nLabel:",
    "You are given a text and a list of labels. Choose the label that describes the text.\n\nLabels: {{ labels }}\n\n"
    '"""\n{{ text }}\n"""',
    "{{ text }}\n\nWhat kind of text is this? Possible answers: {{ labels }}.",
    'Assign one of the labels {{ labels }} to this text:\n\n"{{ text }}"',
    "Decide which of the following categories the text belongs to.\n\nCategories: {{ labels }}\nText: {{ text }}\nCategory:",
    "Here is a text:\n\n{{ text }}\n\nPick the one label that applies. The labels are: {{ labels }}.",
    "Label this text. Use only one of: {{ labels }}.\n---\n{{ text }}\n---",
    "Text: {{ text }}\n\nQuestion: which of {{ labels }} is it?\nAnswer:",
    "Your task is to categorize a text as one of {{ labels }}. Give the category and no explanation.\n\n{{ text }}",
    "From the list {{ labels }}, select what best matches the text.\n\nThe text:\n{{ text }}",
)

CHINESE = (
    "请对下面的文本进行分类，只回答以下标签之一：{{ labels }}。\n\n文本：\n{{ text }}",
    "下面这段文本最适合哪个标签？可选标签：{{ labels }}。\n\n{{ text }}\n\n只回答标签。",
    "阅读以下文本，并选出唯一一个标签。\n标签：{{ labels }}\n\n文本：{{ text }}\n\n标签：",
    "给定一段文本和一组标签，请选择能描述该文本的标签。\n\n标签：{{ labels }}\n\n“{{ text }}”",
    "{{ text }}\n\n这段文本属于哪一类？可能的答案：{{ labels }}。",
    "请从 {{ labels }} 中为这段文本选一个标签：\n\n{{ text }}",
    "判断文本属于以下哪个类别。\n\n类别：{{ labels }}\n文本：{{ text }}\n类别：",
    "文本如下：\n\n{{ text }}\n\n请选出适用的一个标签。标签有：{{ labels }}。",
    "为文本打标签，只能使用其中之一：{{ labels }}。\n---\n{{ text }}\n---",
    "文本：{{ text }}\n\n问题：它是 {{ labels }} 中的哪一个？\n回答：",
)

ENGLISH_INSTRUCTIONS = (
    "Classify the text. Answer with one of these labels and nothing else: {{ labels }}.",
    "Which label fits the text best: {{ labels }}? Reply with the label only.",
    "Read the text and assign exactly one of the labels {{ labels }}.",
    "Choose the label that describes the text. The labels are: {{ labels }}.",
    "Decide which of these categories the text belongs to: {{ labels }}.",
    "What kind of text is this? Possible answers: {{ labels }}.",
    "Categorize the text as one of {{ labels }}. Give no explanation.",
    "From the list {{ labels }}, select what best matches the text.",
)
"""Without the text, for forms that have it in a field of its own."""

CHINESE_INSTRUCTIONS = (
    "请对文本进行分类，只回答以下标签之一：{{ labels }}。",
    "哪个标签最适合这段文本？可选标签：{{ labels }}。只回答标签。",
    "阅读文本，并从 {{ labels }} 中选出唯一一个标签。",
    "请选择能描述该文本的标签。标签有：{{ labels }}。",
    "判断文本属于以下哪个类别：{{ labels }}。",
    "这段文本属于哪一类？可能的答案：{{ labels }}。",
)

INSTRUCTIONS = {"en": ENGLISH_INSTRUCTIONS, "zh": CHINESE_INSTRUCTIONS}

BY_LANGUAGE = {"en": ENGLISH, "zh": CHINESE}

ENGLISH_SPANS = (
    'Find all spans of these kinds in the text below: {{ labels }}. Answer with a JSON list of objects with "text" and '
    '"label", in the order of the text, or [] if there is none.\n\nText:\n{{ text }}',
    "Extract {{ labels }} from this text.\n\n{{ text }}\n\nReply with JSON alone, a list such as "
    '[{"text": "...", "label": "..."}]; copy each span exactly.',
    'Read the text and list every span with one of the labels {{ labels }}, as a JSON list of {"text", "label"}. The list is '
    "empty if no label applies.\n\nText: {{ text }}\n\nJSON:",
    '{{ text }}\n\nWhich parts of this text are {{ labels }}? Give a JSON list with "text" and "label" of each, in order.',
    'You are given a text and a list of labels. Mark the spans that they name.\n\nLabels: {{ labels }}\n\n"""\n{{ text }}\n"""'
    '\n\nAnswer in JSON: [{"text": "...", "label": "..."}, ...]',
)

CHINESE_SPANS = (
    '请从下面的文本中找出以下类别的所有片段：{{ labels }}。按出现顺序以 JSON 列表回答，每项包含 "text" 和 "label"；'
    "没有则回答 []。\n\n文本：\n{{ text }}",
    "从文本中抽取 {{ labels }}。\n\n{{ text }}\n\n只用 JSON 回答，例如 "
    '[{"text": "...", "label": "..."}]，片段须与原文一致。',
    "阅读文本，列出属于 {{ labels }} 的所有片段，格式为包含 text 和 label 的 JSON 列表。\n\n文本：{{ text }}\n\nJSON：",
    '{{ text }}\n\n这段文本中哪些部分是 {{ labels }}？请按顺序给出 JSON 列表，每项有 "text" 和 "label"。',
)

ENGLISH_SPAN_INSTRUCTIONS = (
    'Find all spans of these kinds in the text: {{ labels }}. Answer with a JSON list of objects with "text" and "label", in '
    "the order of the text, or [] if there is none.",
    'Extract {{ labels }} from the text. Reply with JSON alone, a list such as [{"text": "...", "label": "..."}].',
    'List every span with one of the labels {{ labels }}, as a JSON list of {"text", "label"}; it is empty if none applies.',
)

CHINESE_SPAN_INSTRUCTIONS = (
    '请找出文本中以下类别的所有片段：{{ labels }}。按出现顺序以 JSON 列表回答，每项包含 "text" 和 "label"；没有则回答 []。',
    '从文本中抽取 {{ labels }}。只用 JSON 回答，例如 [{"text": "...", "label": "..."}]。',
)

PHRASINGS = {
    ("texts", False): BY_LANGUAGE,
    ("texts", True): INSTRUCTIONS,
    ("spans", False): {"en": ENGLISH_SPANS, "zh": CHINESE_SPANS},
    ("spans", True): {"en": ENGLISH_SPAN_INSTRUCTIONS, "zh": CHINESE_SPAN_INSTRUCTIONS},
}
"""By what is asked for, and whether the text is in a field of its own."""

SEPARATORS = {"en": ", ", "zh": "、"}
"""Between the labels of a list."""

REASONS = {"en": ("Reason: {}", "Answer: {}", "; "), "zh": ("理由：{}", "答案：{}", "；")}
"""How reasons and an answer after them are written, and what stands between several reasons."""
