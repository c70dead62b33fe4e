"""The auditor's question: does everything here hold?"""
