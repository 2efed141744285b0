"""The dashboard's own words in other languages; the entities bring theirs."""

HEADINGS = {
    "zh-Hans": {
        "Numbers": "号码",
        "Most urgent first": "最紧急的在前",
        "Waiting for you": "等您处理",
        "Emergency brake": "紧急制动",
        "Coming up": "接下来",
        "What happened": "发生了什么",
        "Spent this month": "本月支出",
        "What is left in the wallet": "钱包余额",
    },
    "id": {
        "Numbers": "Nomor",
        "Most urgent first": "Paling mendesak dulu",
        "Waiting for you": "Menunggu Anda",
        "Emergency brake": "Rem darurat",
        "Coming up": "Yang akan datang",
        "What happened": "Yang sudah terjadi",
        "Spent this month": "Pengeluaran bulan ini",
        "What is left in the wallet": "Sisa saldo dompet",
    },
}
